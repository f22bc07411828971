/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_TOPIC_FILTER_H
#define APP_TOPIC_FILTER_H

/* Topic filters of MQTT, as sources subscribe to them. Pure. */

#include <stdbool.h>

/* A shared subscription ($share/group/filter) is read by its filter alone. Borrowed. */
const char *topic_filter_of(const char *subscription);

/* True if the filter takes the topic (MQTT 3.1.1, 4.7: level by level). */
bool topic_filter_takes(const char *filter, const char *topic);

#endif
