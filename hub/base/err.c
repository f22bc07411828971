/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/err.h"

#include <errno.h>
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

enum err err_of_errno(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return ERR_DISK_FULL;
    case EROFS:
        return ERR_READ_ONLY;
    default:
        return ERR_IO;
    }
}

const char *err_text(enum err e)
{
    return (size_t)e < ERR_COUNT ? rows[e].text : "unknown error";
}
