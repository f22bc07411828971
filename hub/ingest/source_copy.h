/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef INGEST_SOURCE_COPY_H
#define INGEST_SOURCE_COPY_H

/* What ingest keeps of a source, so that a reload may free the configuration it came
 * from. Threads: any; a copy is constant. */

#include "model/configuration.h"

#include <stdbool.h>

/* Copies name, broker, client id, user, files, filters and MQTT version; the rest is
 * empty. NULL: no memory. Free with source_copy_free. */
struct source *source_copy_new(const struct source *s);
void source_copy_free(struct source *s); /* s may be NULL */

/* True if a connection for a serves b too. */
bool source_copy_same(const struct source *a, const struct source *b);

/* True if s subscribes to filter. */
bool source_copy_subscribes(const struct source *s, const char *filter);

#endif
