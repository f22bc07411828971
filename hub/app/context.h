/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_CONTEXT_H
#define APP_CONTEXT_H

/* Where a verb finds configuration and data. Only check, try, reload and run read the
 * configuration folder; all other verbs use the accepted one, in the data folder.
 * Threads: main. */

#include "app/command.h"
#include "base/diag.h"
#include "base/err.h"
#include "config/config.h"

enum { PATH_LENGTH = 1024 };

/* The configuration folder: --config, KOGGE_CONFIG, or /etc/kogge. */
const char *context_config_folder(const struct invocation *i);

/* The folder that ships with the program: parameters, units, sensor models. */
const char *context_shipped_folder(void);

/* The data folder: --data, KOGGE_DATA, or what hub.json says. ERR_ABSENT (d says). */
MUST_USE enum err context_data_folder(const struct invocation *i, char to[PATH_LENGTH],
                                      struct diag *d);

/* Reads and checks the configuration folder. Faults and findings go to faults; files is
 * set whenever the folder could be read. ERR_CONFIG: there are faults. */
MUST_USE enum err context_read(const char *folder, struct config_files **files,
                               struct configuration **out, struct config_faults *faults,
                               struct diag *d);

/* The same of files that were read. */
MUST_USE enum err context_parse(const struct config_files *files,
                                struct configuration **out, struct config_faults *faults);

/* The accepted configuration of the data folder. ERR_ABSENT: none yet. */
MUST_USE enum err context_accepted(const char *data, struct configuration **out,
                                   struct diag *d);
/* Makes files the accepted one. */
MUST_USE enum err context_accept(const char *data, const struct config_files *files);

/* Prints faults and findings to to, one a line. */
void context_print_faults(FILE *to, const struct config_faults *faults);

/* The one writer: takes data/hub.lock until fd is closed. ERR_LOCKED. */
MUST_USE enum err context_lock(const char *data, int *fd, struct diag *d);

/* Exit code for an error of opening or reading. */
int context_exit_code(enum err e);

#endif
