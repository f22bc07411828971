/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/err.h"

#include <stddef.h>

#define ERR_ROW(code, class, text) {class, text},
static const struct {
    enum err_class class;
    const char *text;
} rows[] = {ERR_LIST(ERR_ROW)};
#undef ERR_ROW

enum err_class err_class(enum err e)
{
    return (size_t)e < ERR_COUNT ? rows[e].class : ERR_CLASS_STOP;
}

const char *err_text(enum err e)
{
    return (size_t)e < ERR_COUNT ? rows[e].text : "unknown error";
}
