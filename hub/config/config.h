/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

/* Configuration: a folder of JSON files, or the one file into which the accepted ones are
 * bundled, to a struct configuration. All faults are found at once. Threads: one. */

#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "config/options.h"
#include "model/configuration.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lists that only app knows: what formats, tests and targets there are, and whether a
 * unit is one. */
struct config_names {
    const char *const *formats; /* "auto" among them */
    size_t format_count;        /* 0: not judged, here and below */
    const char *const *target_kinds;
    size_t target_kind_count;
    /* True if text names a unit (after the aliases of the file set, which were given to
     * open); fits: if it can be converted to parameter's canonical unit. May be NULL:
     * units are then not judged. */
    bool (*unit_is_known)(void *arg, const char *text);
    bool (*unit_fits)(void *arg, const char *text, const char *to);
    /* Called once, when aliases and parameters are read and before units are judged; c
     * has only those two. ERR_MEMORY ends the parse, any other failure is a fault. */
    enum err (*units_ready)(void *arg, const struct configuration *c);
    void *arg;
    bool (*topic_is_sound)(const char *pattern); /* NULL: patterns are not judged */
};

/* Texts of all files, by name relative to the folder, sorted. */
struct config_file {
    const char *name; /* "cities/luebeck.json" */
    const char *text;
    size_t size;
    bool shipped; /* taken from the folder that ships with the program */
};

struct config_files {
    struct arena *memory;
    const char *folder; /* absolute */
    struct config_file *files;
    size_t count;
};

/* A fault makes the configuration invalid, a finding does not. */
struct config_fault {
    bool finding;
    struct diag diag; /* source is the file, field the JSON Pointer */
};

struct config_faults {
    struct config_fault *faults; /* sorted by file and line */
    size_t count, size;
};
void config_faults_fini(struct config_faults *f);
size_t config_faults_count(const struct config_faults *f, bool findings);

/* Reads folder. What describes water and sensors (parameters.json, units.json, devices/)
 * is taken from shipped, file by file, where folder has none; shipped may be NULL.
 * ERR_ABSENT: no folder or no hub.json; ERR_IO; ERR_FULL. Free with config_files_close.
 */
MUST_USE enum err config_files_read(const char *folder, const char *shipped,
                                    struct config_files **out, struct diag *d);
void config_files_close(struct config_files *f); /* f may be NULL */

/* The bundle: one JSON document that holds all texts. */
MUST_USE enum err config_files_save(const struct config_files *f, const char *path);
MUST_USE enum err config_files_load(const char *path, struct config_files **out,
                                    struct diag *d);

/* Parses and checks. Faults and findings are appended to faults. *out is set only if
 * there is no fault; free with configuration_free; it needs files no longer. ERR_CONFIG:
 * there are faults; ERR_MEMORY. */
MUST_USE enum err config_parse(const struct config_files *files,
                               const struct config_names *names,
                               struct configuration **out, struct config_faults *faults);

/* True if every reading that was stored, rejected or ignored under before comes out the
 * same under after: cities, stations, devices, first periods, aliases, sensor models were
 * only added. why: what else changed, one sentence, if not. */
bool config_only_adds(const struct configuration *before,
                      const struct configuration *after, char why[161]);

/* --- writing new files --- */

/* Writes a JSON file for a new device or city into folder. Missing arguments are named
 * in d (ERR_ABSENT); ERR_CONFIG: the new file would be at fault, d says why (faults of
 * other files do not count); ERR_BUSY: that file is there already; ERR_IO. */
struct new_device {
    const char *city, *device, *model, *station;
    const char *from;                                       /* RFC 3339 */
    const char *to;                                         /* the same; NULL: still */
    const char *height_nhn, *height_gauge, *serial, *depth; /* numbers as text, or NULL */
    const char *interval_s;
    const char *pressure; /* "vented" or "absolute", if the model does not say; NULL */
    const char *shipped;  /* folder that ships with the program; NULL: none */
};
MUST_USE enum err config_new_device(const char *folder, const struct new_device *n,
                                    char path[1024], struct diag *d);

struct new_city {
    const char *city, *title_de, *title_en, *key, *publisher, *publisher_url;
    const char *contact_name, *contact_email, *licence;
};
MUST_USE enum err config_new_city(const char *folder, const struct new_city *n,
                                  char path[1024], struct diag *d);

#endif
