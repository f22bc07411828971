/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef CONFIG_BUNDLE_H
#define CONFIG_BUNDLE_H

/* What files.c, bundle.c and write.c share. Private to config. */

#include "config/config.h"

/* A file set without files. Free with config_files_close. */
MUST_USE enum err config_files_open(const char *folder, struct config_files **out);

#endif
