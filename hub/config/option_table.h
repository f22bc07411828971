/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef CONFIG_OPTION_TABLE_H
#define CONFIG_OPTION_TABLE_H

/* The rows of config_options, in three files, and words that they share. Private to
 * config.
 */

#include "config/options.h"

#define NO_LIMITS 1, 0
#define ANY_FROM_1 1, 1000
#define HEIGHT_M -100, 4000
#define NOTE(kind)                                                                       \
    {                                                                                    \
#kind, "note", "text", false, NULL, NO_LIMITS, NULL, "For readers of the file."  \
    }

extern const struct option option_table_hub[], option_table_city[], option_table_model[];
extern const size_t option_table_hub_count, option_table_city_count,
    option_table_model_count;

#endif
