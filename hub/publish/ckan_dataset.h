/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PUBLISH_CKAN_DATASET_H
#define PUBLISH_CKAN_DATASET_H

/* What CKAN is told of a dataset and of its files. Pure. Threads: any. JSON values are
 * yours, json_decref; NULL: no memory. */

#include "publish/publish.h"

#include <jansson.h>

/* The dataset as we want it, without resources: name, title, notes, license_id, tags,
 * extras, author, maintainer ... */
json_t *ckan_make_dataset(const struct publish_job *job);

/* A resource as we want it, without its file: name, description, format, mimetype, hash
 * and so on; all texts. */
json_t *ckan_make_resource(const struct publish_job *job, const struct publish_output *o);

/* The fields of wanted that there are not so in package, to be given to package_patch.
 * Lists are whole: tags and extras of others stay in them. An empty object: none. */
json_t *ckan_make_patch(const json_t *wanted, const json_t *package);

/* The fields of wanted (texts) that are not so in resource; an empty object: none. */
json_t *ckan_make_resource_patch(const json_t *wanted, const json_t *resource);

/* A tag as CKAN takes it: 2 to 100 of letters, digits, blank - _ . ; other characters
 * become "-". Returns false if nothing useful is left. */
bool ckan_format_tag(const char *tag, char to[101 * 4]);

/* True if an object of list has that name. */
bool ckan_has_name(const json_t *list, const char *name);

/* True if name is one that we give to files of the dataset. */
bool ckan_is_our_file(const char *dataset, const char *name);

#endif
