/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef PUBLISH_HTTP_H
#define PUBLISH_HTTP_H

/* HTTP to one portal, by libcurl: only http and https, TLS verified, no redirect to
 * another host, answers of at most HTTP_CEILING, time-outs, and a stop flag that is
 * looked at about once a second. Threads: one owner at a time. */

#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http; /* opaque */

enum { HTTP_CEILING = 4 << 20 };

/* base: "https://portal.example/path", a slash at its end is ignored. token goes raw into
 * the header Authorization; NULL: none. Both copied; stop borrowed, may be NULL.
 * ERR_CONFIG: base is no such address, or token holds a control character. */
MUST_USE enum err http_open(const char *base, const char *token, const atomic_bool *stop,
                            struct http **out, struct diag *d);
void http_close(struct http *h); /* h may be NULL */

/* What came back; init before the first use, reused from call to call. */
struct http_answer {
    long status;
    char type[96]; /* Content-Type, lower case, without parameters; "": none */
    struct buf body;
};
void http_answer_init(struct http_answer *a);
void http_answer_fini(struct http_answer *a);

/* A part of a form: text, or the file at path sent under the name text. */
struct http_part {
    const char *name, *text;
    const char *path; /* NULL: a text */
};

/* path begins with "/" and is put behind base. Any status is ERR_OK.
 * ERR_NETWORK: no answer (d says why); ERR_BUSY: stopped; ERR_FULL: answer above the
 * ceiling; ERR_MEMORY. */
MUST_USE enum err http_get(struct http *h, const char *path, struct http_answer *a,
                           struct diag *d);
MUST_USE enum err http_post_json(struct http *h, const char *path, const char *json,
                                 struct http_answer *a, struct diag *d);
MUST_USE enum err http_post_form(struct http *h, const char *path,
                                 const struct http_part *parts, size_t count,
                                 struct http_answer *a, struct diag *d);

/* The body goes to the file at to (made anew), at most ceiling bytes: ERR_FULL. Up to
 * three redirects on the same scheme, host and port are followed. a->body stays empty.
 * ERR_IO: the file cannot be written. */
MUST_USE enum err http_download(struct http *h, const char *path, const char *to,
                                int64_t ceiling, struct http_answer *a, struct diag *d);

#endif
