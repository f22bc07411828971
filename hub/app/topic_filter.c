/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/topic_filter.h"

#include <string.h>

const char *topic_filter_of(const char *subscription)
{
    static const char share_prefix[] = "$share/";
    size_t prefix = sizeof share_prefix - 1;
    if (strncmp(subscription, share_prefix, prefix) != 0) {
        return subscription;
    }
    const char *slash = strchr(subscription + prefix, '/');
    return slash != NULL ? slash + 1 : subscription;
}

bool topic_filter_takes(const char *filter, const char *topic)
{
    while (*filter != '\0') {
        size_t wanted = strcspn(filter, "/");
        size_t given = strcspn(topic, "/");
        if (filter[0] == '#') {
            return true;
        }
        bool any = wanted == 1 && filter[0] == '+';
        if (!any && (wanted != given || strncmp(filter, topic, wanted) != 0)) {
            return false;
        }
        filter += wanted;
        topic += given;
        if (*filter != *topic) {
            return strcmp(filter, "/#") == 0 && *topic == '\0';
        }
        if (*filter == '/') {
            filter++;
            topic++;
        }
    }
    return *topic == '\0';
}
