/* SPDX-License-Identifier: EUPL-1.2 */
#include "config/options.h"

#include "base/text.h"
#include "config/option_table.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

enum { OPTIONS_MOST = 400 };

static struct option table[OPTIONS_MOST];
static size_t table_count;
static pthread_once_t joined = PTHREAD_ONCE_INIT;

static void add(const struct option *rows, size_t count)
{
    assert(table_count + count <= OPTIONS_MOST);
    memcpy(table + table_count, rows, count * sizeof *rows);
    table_count += count;
}

static void join(void)
{
    add(option_table_hub, option_table_hub_count);
    add(option_table_city, option_table_city_count);
    add(option_table_model, option_table_model_count);
}

const struct option *config_options(size_t *count)
{
    pthread_once(&joined, join);
    *count = table_count;
    return table;
}

static bool means(const struct option *o, const char *name)
{
    size_t length = strlen(o->kind);
    if (strncmp(name, o->kind, length) == 0 && name[length] == '.') {
        return strcmp(name + length + 1, o->name) == 0;
    }
    return strcmp(name, o->kind) == 0 || strcmp(name, o->name) == 0;
}

/* A name that is a kind means that kind's options, not the options called so. */
static bool is_kind(const char *name)
{
    size_t count;
    const struct option *rows = config_options(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].kind, name) == 0) {
            return true;
        }
    }
    return false;
}

const struct option *config_option_find(const char *name, size_t i)
{
    size_t count;
    const struct option *rows = config_options(&count);
    bool kind = is_kind(name);
    for (size_t at = 0; at < count; at++) {
        bool match = kind ? strcmp(rows[at].kind, name) == 0 : means(&rows[at], name);
        if (match && i-- == 0) {
            return &rows[at];
        }
    }
    return NULL;
}

const char *config_option_nearest(const char *name)
{
    const char *dot = strchr(name, '.');
    const char *names[2 * OPTIONS_MOST];
    size_t count = 0, options;
    const struct option *rows = config_options(&options);
    for (size_t i = 0; i < options; i++) {
        names[count++] = rows[i].name;
        names[count++] = rows[i].kind;
    }
    return text_nearest(dot != NULL ? dot + 1 : name, names, count);
}
