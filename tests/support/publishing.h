/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_PUBLISHING_H
#define SUPPORT_PUBLISHING_H

/* A publisher on made-up rows with a made-up portal, for one test at a time. Include
 * after support/assert_close.h. */

#include "publish/publisher.h"
#include "support/synthetic.h"

/* What the portal of these tests was asked and is to answer. */
struct publishing_portal {
    enum err answer;
    bool unreachable;
    int calls;
    char seen[2048]; /* "dataset: file file! ..." of the last call, ! too large */
    char token[64];
};
extern struct publishing_portal publishing_portal;

struct publishing_test {
    char folder[256];
    struct synthetic_conf conf;
    struct synthetic rows;
    struct publish_source source;
    struct publisher *p;
    struct publish_work work;
    struct publish_report report;
    atomic_bool stop;
    char fault[200];
    int stop_after_files; /* 0: never */
};

/* Rows of three stations, a publisher, nothing done yet; *state is a publishing_test. */
int publishing_setup(void **state);
int publishing_teardown(void **state);

/* Closes the publisher and opens it again, as after a restart. */
void publishing_open_again(struct publishing_test *w);

/* count rows, ten minutes apart. */
void publishing_put(struct publishing_test *w, const char *station, const char *parameter,
                    const char *from, size_t count);

/* One round; the second asserts that it is ERR_OK. */
enum err publishing_try_round(struct publishing_test *w);
void publishing_run_round(struct publishing_test *w);

/* Of the last round. */
void publishing_assert_files(const struct publishing_test *w, int changed, int same,
                             int removed);

/* True if name is there below the export folder. */
bool publishing_has_file(const struct publishing_test *w, const char *name);

/* What the outbox says of the dataset at the target "portal". */
struct outbox_push publishing_push_of(const struct publishing_test *w,
                                      const char *dataset);

#endif
