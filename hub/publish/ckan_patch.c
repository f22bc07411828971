/* SPDX-License-Identifier: EUPL-1.2 */
/* What a portal holds against what it should hold. */
#include "base/text.h"
#include "publish/ckan_dataset.h"
#include "publish/dataset.h"

#include <string.h>
#include <strings.h>

bool ckan_has_name(const json_t *list, const char *name)
{
    size_t i;
    const json_t *one;
    json_array_foreach(list, i, one)
    {
        const char *is = json_string_value(json_object_get(one, "name"));
        if (is != NULL && strcmp(is, name) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *find_key(const json_t *list, const char *key)
{
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)(uintptr_t)list, i, one)
    {
        const char *is = json_string_value(json_object_get(one, "key"));
        if (is != NULL && strcmp(is, key) == 0) {
            return one;
        }
    }
    return NULL;
}

static bool same_text(const json_t *a, const json_t *b)
{
    return text_equal(json_string_value(a), json_string_value(b));
}

/* All tags: those that are there, then ours that are not. NULL: none is missing. */
static json_t *merge_tags(const json_t *wanted, const json_t *there)
{
    json_t *all = json_array();
    size_t i;
    json_t *one;
    json_array_foreach((json_t *)(uintptr_t)there, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        if (name != NULL) {
            json_array_append_new(all, json_pack("{s:s}", "name", name));
        }
    }
    size_t before = json_array_size(all);
    json_array_foreach((json_t *)(uintptr_t)wanted, i, one)
    {
        if (!ckan_has_name(all, json_string_value(json_object_get(one, "name")))) {
            json_array_append(all, one);
        }
    }
    if (json_array_size(all) == before) {
        json_decref(all);
        return NULL;
    }
    return all;
}

static json_t *merge_extras(const json_t *wanted, const json_t *there)
{
    json_t *all = json_array();
    size_t i;
    json_t *one;
    bool differs = false;
    json_array_foreach((json_t *)(uintptr_t)wanted, i, one)
    {
        const json_t *is =
            find_key(there, json_string_value(json_object_get(one, "key")));
        differs = differs || is == NULL ||
                  !same_text(json_object_get(is, "value"), json_object_get(one, "value"));
        json_array_append(all, one);
    }
    json_array_foreach((json_t *)(uintptr_t)there, i, one)
    {
        const char *key = json_string_value(json_object_get(one, "key"));
        if (key != NULL && find_key(wanted, key) == NULL) {
            json_array_append(all, one);
        }
    }
    if (!differs) {
        json_decref(all);
        return NULL;
    }
    return all;
}

json_t *ckan_make_patch(const json_t *wanted, const json_t *package)
{
    json_t *patch = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)wanted, key, value)
    {
        const json_t *there = json_object_get(package, key);
        json_t *list = NULL;
        if (strcmp(key, "tags") == 0) {
            list = merge_tags(value, there);
        } else if (strcmp(key, "extras") == 0) {
            list = merge_extras(value, there);
        } else if (!same_text(value, there)) {
            json_object_set(patch, key, value);
        }
        if (list != NULL) {
            json_object_set_new(patch, key, list);
        }
    }
    return patch;
}

json_t *ckan_make_resource_patch(const json_t *wanted, const json_t *resource)
{
    json_t *patch = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)wanted, key, value)
    {
        const char *there = json_string_value(json_object_get(resource, key));
        /* CKAN writes formats its own way: "csv" comes back as "CSV". */
        bool same = there != NULL && (strcmp(key, "format") == 0
                                          ? strcasecmp(there, json_string_value(value))
                                          : strcmp(there, json_string_value(value))) == 0;
        if (!same) {
            json_object_set(patch, key, value);
        }
    }
    return patch;
}

bool ckan_is_our_file(const char *dataset, const char *name)
{
    size_t length = strlen(dataset);
    const char *ending = strrchr(name, '.');
    if (strncmp(name, dataset, length) != 0 || name[length] != '-' || ending == NULL ||
        strcmp(ending + 1, dataset_format()->extension) != 0) {
        return false;
    }
    const char *period = name + length + 1;
    if (strncmp(period, "current", 7) == 0) {
        return period[7] == '-' || period[7] == '.';
    }
    return strspn(period, "0123456789") == 4 && period[4] == '-' &&
           strspn(period + 5, "0123456789") == 2 &&
           (period[7] == '-' || period[7] == '.');
}
