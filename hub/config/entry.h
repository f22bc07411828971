/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef CONFIG_ENTRY_H
#define CONFIG_ENTRY_H

/* A new small file of a city's folder, made and judged before it is written: what was
 * done at a sensor, or decided about its values. Threads: one. */

#include "base/buf.h"
#include "config/config.h"

enum { ENTRY_NAME = 400 };

struct entry_file {
    char name[ENTRY_NAME]; /* "cities/luebeck/flag-..." */
    struct buf text;
};
void entry_file_fini(struct entry_file *f);

/* Texts as typed; NULL: not given. Which of them a kind has: `kogge check --explain`. */
struct new_entry {
    const char *kind; /* "calibration", "maintenance", "flag" */
    const char *city, *station, *parameter, *position;
    const char *from, *to; /* RFC 3339; to NULL: still */
    const char *offset, *slope;
    const char *site_before, *site_after, *meter_before, *meter_after;
    const char *standards; /* "STANDARD:READING,..." */
    const char *correct_above, *publish_to;
    const char *flag, *state;
    const char *reason, *by, *standard;
};

/* Makes the file. ERR_SYNTAX: a number, time or text that is none (d names it). *out is
 * then untouched; else free with entry_file_fini. */
MUST_USE enum err entry_make(const struct new_entry *n, struct entry_file *out,
                             struct diag *d);

/* Appends it to files, so that a parse sees it; e outlives files. */
MUST_USE enum err entry_add(struct config_files *files, const struct entry_file *e);

/* Writes it into folder; never over one that is there (ERR_BUSY, d says). path: of the
 * file. */
MUST_USE enum err entry_write(const char *folder, const struct entry_file *e,
                              char path[1024], struct diag *d);

#endif
