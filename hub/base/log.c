/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void log_line(enum log_level level, const char *module, const char *format, ...)
{
    static const char *const names[] = {"error", "warn", "info"};
    char line[1024];
    int start = snprintf(line, sizeof line, "%s %s: ", names[level], module);
    va_list args;
    va_start(args, format);
    vsnprintf(line + start, sizeof line - (size_t)start - 1, format, args);
    va_end(args);
    size_t length = strlen(line);
    line[length++] = '\n';
    /* one write, so that lines of several threads do not mix */
    if (write(STDERR_FILENO, line, length) < 0) {
        return; /* nowhere left to say it */
    }
}
