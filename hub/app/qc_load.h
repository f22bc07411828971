/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef APP_QC_LOAD_H
#define APP_QC_LOAD_H

/* A series for a verb. Threads: main. */

#include "app/command.h"
#include "app/qc_file.h"

/* Reads path, and says on stderr what can't be read and what is odd. Gives an exit code;
 * out is set on EXIT_DONE, and then yours: qc_file_fini. */
int qc_load(const struct invocation *i, const char *path, struct qc_file *out);

#endif
