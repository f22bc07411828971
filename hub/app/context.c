/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/context.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "decode/decode.h"
#include "normalise/unit.h"
#include "publish/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { TARGET_KINDS_MOST = 32, HUB_FILE_MOST = 4 << 20 };

const char *context_config_folder(const struct invocation *i)
{
    return i->config != NULL ? i->config : "/etc/kogge";
}

const char *context_shipped_folder(void)
{
    const char *named = getenv("KOGGE_SHIPPED");
    if (named != NULL) {
        return named;
    }
    return file_exists(KOGGE_SHIPPED_CONF "/parameters.json") ? KOGGE_SHIPPED_CONF
                                                              : KOGGE_SOURCE_CONF;
}

static enum err data_of_hub_file(const char *folder, char to[PATH_LENGTH], struct diag *d)
{
    char path[PATH_LENGTH];
    struct buf text;
    buf_init(&text, HUB_FILE_MOST);
    snprintf(path, sizeof path, "%s/hub.json", folder);
    enum err e = file_read(path, &text);
    if (e != ERR_OK) {
        buf_fini(&text);
        diag_set(d, "no %s: name a folder by --config or --data", path);
        return ERR_ABSENT;
    }
    (void)memory_ran_out();
    json_t *hub = json_loads(buf_text(&text), 0, NULL);
    if (memory_ran_out()) {
        json_decref(hub);
        buf_fini(&text);
        diag_set(d, "%s", err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    const char *data = json_string_value(json_object_get(hub, "data"));
    data = data != NULL ? data : "data";
    if (data[0] == '/') {
        snprintf(to, PATH_LENGTH, "%s", data);
    } else {
        snprintf(to, PATH_LENGTH, "%s/%s", folder, data);
    }
    json_decref(hub);
    buf_fini(&text);
    return ERR_OK;
}

enum err context_data_folder(const struct invocation *i, char to[PATH_LENGTH],
                             struct diag *d)
{
    if (i->data != NULL) {
        text_copy(to, PATH_LENGTH, i->data);
        return ERR_OK;
    }
    return data_of_hub_file(context_config_folder(i), to, d);
}

/* --- what only app knows of names and units --- */

struct unit_judge {
    struct units *units;
};

static enum err units_ready(void *arg, const struct configuration *c)
{
    struct unit_judge *judge = arg;
    return units_open(c, &judge->units, NULL);
}

static bool unit_is_known(void *arg, const char *text)
{
    const struct unit_judge *judge = arg;
    return unit_check(judge->units, text, NULL) == ERR_OK;
}

static bool unit_fits_one(void *arg, const char *text, const char *to)
{
    const struct unit_judge *judge = arg;
    return unit_fits(judge->units, text, to);
}

enum err context_parse(const struct config_files *files, struct configuration **out,
                       struct config_faults *faults)
{
    const char *kinds[TARGET_KINDS_MOST];
    size_t kind_count = 0;
    for (; kind_count < TARGET_KINDS_MOST && publish_table[kind_count] != NULL;
         kind_count++) {
        kinds[kind_count] = publish_table[kind_count]->name;
    }
    struct unit_judge judge = {0};
    struct config_names names = {.target_kinds = kinds,
                                 .target_kind_count = kind_count,
                                 .unit_is_known = unit_is_known,
                                 .unit_fits = unit_fits_one,
                                 .units_ready = units_ready,
                                 .topic_is_sound = decode_topic_is_sound,
                                 .arg = &judge};
    names.formats = decode_format_names(&names.format_count);
    enum err e = config_parse(files, &names, out, faults);
    if (judge.units != NULL && units_ran_out(judge.units)) {
        if (e == ERR_OK) {
            configuration_free(*out);
            *out = NULL;
        }
        e = ERR_MEMORY; /* a fault may be none */
    }
    units_close(judge.units);
    return e;
}

enum err context_read(const char *folder, struct config_files **files,
                      struct configuration **out, struct config_faults *faults,
                      struct diag *d)
{
    enum err e = config_files_read(folder, context_shipped_folder(), files, d);
    return e != ERR_OK ? e : context_parse(*files, out, faults);
}

enum err context_accepted(const char *data, struct configuration **out, struct diag *d)
{
    char path[PATH_LENGTH];
    struct config_files *files = NULL;
    struct config_faults faults = {0};
    snprintf(path, sizeof path, "%s/accepted.json", data);
    enum err e = config_files_load(path, &files, d);
    if (e == ERR_ABSENT) {
        diag_set(d, "no accepted configuration in %s: has the hub run?", data);
    }
    e = e != ERR_OK ? e : context_parse(files, out, &faults);
    if (e == ERR_CONFIG && faults.count > 0) {
        *d = faults.faults[0].diag;
    }
    config_faults_fini(&faults);
    config_files_close(files);
    return e;
}

enum err context_accept(const char *data, const struct config_files *files)
{
    char path[PATH_LENGTH];
    snprintf(path, sizeof path, "%s/accepted.json", data);
    return config_files_save(files, path);
}

void context_print_faults(FILE *to, const struct config_faults *faults)
{
    char text[640];
    for (size_t k = 0; k < faults->count; k++) {
        const struct config_fault *f = &faults->faults[k];
        fprintf(to, "%s%s\n", f->finding ? "finding: " : "",
                diag_format(&f->diag, text, sizeof text));
    }
}

enum err context_lock(const char *data, int *fd, struct diag *d)
{
    char path[PATH_LENGTH];
    if (d != NULL) {
        d->source[0] = '\0'; /* it is not about the file that was read last */
    }
    snprintf(path, sizeof path, "%s/hub.lock", data);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        diag_set(d, "%s can't be opened: %s", path, strerror(errno));
        return ERR_IO;
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        close(lock);
        diag_set(d, "another hub works in %s", data);
        return ERR_LOCKED;
    }
    *fd = lock;
    return ERR_OK;
}

int context_exit_code(enum err e)
{
    switch (e) {
    case ERR_OK:
        return EXIT_DONE;
    case ERR_CONFIG:
        return EXIT_CONFIG;
    case ERR_LOCKED:
        return EXIT_LOCKED;
    case ERR_ABSENT:
        return EXIT_NOT_REACHED;
    default:
        return EXIT_FAILED;
    }
}
