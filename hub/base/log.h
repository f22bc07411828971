/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/* One line to stderr: level, module, sentence. The supervisor adds the time and keeps it.
 * Text from outside goes through text_escape first. Threads: any. */

enum log_level {
    LOG_ERROR, /* a person must act */
    LOG_WARN,  /* degraded, will retry */
    LOG_INFO,  /* state changes */
};

void log_line(enum log_level level, const char *module, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
