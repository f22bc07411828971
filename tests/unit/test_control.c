/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/control.h"

#include "support/assert_close.h"
#include "support/fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct world {
    char folder[256];
    struct control *control;
    char verb[64]; /* as it was served */
    json_int_t more;
    int served;
};

static int set_up(void **state)
{
    static struct world w;
    w = (struct world){0};
    struct diag d = {0};
    fixture_folder(w.folder);
    assert_int_equal(control_open(w.folder, &w.control, &d), ERR_OK);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    control_close(w->control);
    fixture_remove(w->folder);
    return 0;
}

static void serve(void *arg, const json_t *request, int fd)
{
    struct world *w = arg;
    const char *given = json_string_value(json_object_get(request, "verb"));
    const char *verb = given != NULL ? given : "";
    w->more = json_integer_value(json_object_get(request, "more"));
    w->served++;
    snprintf(w->verb, sizeof w->verb, "%s", verb);
    if (strcmp(verb, "silent") == 0) {
        return;
    }
    control_answer(fd, "{\"line\": 1}");
    control_answer(fd, "{\"line\": 2}");
    if (strcmp(verb, "fail") == 0) {
        control_finish(fd, "it \"failed\"", 3);
    } else {
        control_finish(fd, NULL, 0);
    }
}

static void *serve_one(void *arg)
{
    struct world *w = arg;
    control_serve(w->control, 10000, w, serve);
    return NULL;
}

/* A request that was sent already, to its end. */
static void serve_sent(struct world *w)
{
    serve_one(w);
    control_stop(w->control);
}

struct lines {
    int count;
    char last[64];
};

static void take_line(void *arg, const char *line)
{
    struct lines *lines = arg;
    lines->count++;
    snprintf(lines->last, sizeof lines->last, "%s", line);
}

static enum err ask(struct world *w, const char *verb, struct lines *lines, int *code,
                    struct diag *d)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, serve_one, w), 0);
    enum err e = control_ask(w->folder, verb, lines, take_line, code, d);
    pthread_join(thread, NULL);
    control_stop(w->control);
    return e;
}

static void test_control_answers_with_lines_and_a_result(void **state)
{
    struct world *w = *state;
    struct lines lines = {0};
    struct diag d = {0};
    int code = -1;
    assert_int_equal(ask(w, "status", &lines, &code, &d), ERR_OK);
    assert_string_equal(w->verb, "status");
    assert_int_equal(lines.count, 2);
    assert_string_equal(lines.last, "{\"line\": 2}");
    assert_int_equal(code, 0);
    assert_string_equal(d.text, "ok");
}

static void test_control_carries_sentence_and_exit_code(void **state)
{
    struct world *w = *state;
    struct lines lines = {0};
    struct diag d = {0};
    int code = -1;
    assert_int_equal(ask(w, "fail", &lines, &code, &d), ERR_OK);
    assert_int_equal(code, 3);
    assert_string_equal(d.text, "it \"failed\"");
}

static void test_control_carries_what_else_a_verb_takes(void **state)
{
    struct world *w = *state;
    struct lines lines = {0};
    struct diag d = {0};
    char large[5000];
    int code = -1;
    assert_int_equal(ask(w, "{\"verb\": \"fail\", \"more\": 7}", &lines, &code, &d),
                     ERR_OK);
    assert_string_equal(w->verb, "fail");
    assert_int_equal(w->more, 7);
    assert_int_equal(code, 3);
    memset(large, ' ', sizeof large - 1);
    large[0] = '{';
    large[sizeof large - 1] = '\0';
    assert_int_equal(ask(w, large, &lines, &code, &d), ERR_IO);
}

static void test_control_says_when_the_hub_does_not_answer(void **state)
{
    struct world *w = *state;
    struct lines lines = {0};
    struct diag d = {0};
    int code = -1;
    assert_int_equal(ask(w, "silent", &lines, &code, &d), ERR_IO);
    assert_int_equal(code, -1);
    assert_non_null(strstr(d.text, "no answer"));
}

static void test_control_says_when_no_hub_runs(void **state)
{
    struct world *w = *state;
    struct lines lines = {0};
    struct diag d = {0};
    int code = -1;
    control_close(w->control);
    w->control = NULL;
    assert_int_equal(control_ask(w->folder, "status", &lines, take_line, &code, &d),
                     ERR_ABSENT);
    assert_non_null(strstr(d.text, "no hub runs"));
}

static void test_control_socket_is_private_and_replaces_an_old_one(void **state)
{
    struct world *w = *state;
    char path[300];
    struct stat s;
    struct diag d = {0};
    struct control *second = NULL;
    snprintf(path, sizeof path, "%s/hub.sock", w->folder);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    char kept[300];
    snprintf(kept, sizeof kept, "%s/kept", w->folder);
    assert_int_equal(rename(path, kept), 0);
    control_close(w->control);
    assert_int_equal(rename(kept, path), 0); /* as after kill -9: the file stays */
    w->control = NULL;
    assert_int_equal(control_open(w->folder, &second, &d), ERR_OK);
    control_close(second);
    assert_int_equal(stat(path, &s), -1);
}

static void test_control_refuses_a_folder_that_is_too_long(void **state)
{
    (void)state;
    char folder[200];
    struct diag d = {0};
    struct control *control = NULL;
    memset(folder, 'x', sizeof folder);
    folder[sizeof folder - 1] = '\0';
    assert_int_equal(control_open(folder, &control, &d), ERR_RANGE);
    assert_null(control);
    assert_non_null(strstr(d.text, "too long"));
}

/* Connects and sends bytes, then goes away or stays silent. */
static int send_raw(const struct world *w, const void *bytes, size_t size)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%.90s/hub.sock", w->folder);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(s, (const struct sockaddr *)&a, sizeof a), 0);
    /* the other side may close before it has read all */
    ssize_t n = send(s, bytes, size, MSG_NOSIGNAL);
    (void)n;
    return s;
}

static void test_control_outlives_hostile_requests(void **state)
{
    struct world *w = *state;
    static char large[16384];
    memset(large, '[', sizeof large);
    static const char *const bad[] = {"\n", "null\n", "{\"verb\":7}\n", "[[[[\n",
                                      "{\"verb\":\"a\",\"verb\":\"b\"}\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int s = send_raw(w, bad[i], strlen(bad[i]));
        serve_sent(w);
        close(s);
    }
    int before = w->served;
    int s = send_raw(w, large, sizeof large); /* no end of line within the ceiling */
    serve_sent(w);
    close(s);
    s = send_raw(w, "{\"verb\":\"status\"}", 17); /* no end of line, then gone */
    shutdown(s, SHUT_WR);
    serve_sent(w);
    close(s);
    assert_int_equal(w->served, before);
    /* gone before the answer: writing to it must not end the program */
    s = send_raw(w, "{\"verb\":\"status\"}\n", 18);
    close(s);
    serve_sent(w);
    struct lines lines = {0};
    struct diag d = {0};
    int code = -1;
    assert_int_equal(ask(w, "status", &lines, &code, &d), ERR_OK);
}

/* A request that ends when it is told to. */
struct long_request {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int waiting;
    bool go_on;
};

static void serve_long(void *arg, const json_t *request, int fd)
{
    struct long_request *l = arg;
    const char *verb = json_string_value(json_object_get(request, "verb"));
    if (verb != NULL && strcmp(verb, "long") == 0) {
        pthread_mutex_lock(&l->mutex);
        l->waiting++;
        pthread_cond_broadcast(&l->changed);
        while (!l->go_on) {
            pthread_cond_wait(&l->changed, &l->mutex);
        }
        pthread_mutex_unlock(&l->mutex);
    }
    control_finish(fd, NULL, 0);
}

static int begin_long(const struct world *w, struct long_request *l, int count)
{
    int s = send_raw(w, "{\"verb\":\"long\"}\n", 16);
    control_serve(w->control, 10000, l, serve_long);
    pthread_mutex_lock(&l->mutex);
    while (l->waiting < count) {
        pthread_cond_wait(&l->changed, &l->mutex);
    }
    pthread_mutex_unlock(&l->mutex);
    return s;
}

static void assert_answer(int s, const char *part)
{
    char answer[256] = "";
    size_t length = 0;
    ssize_t n;
    /* until the end: only then is the place of this request free */
    while ((n = read(s, answer + length, sizeof answer - 1 - length)) > 0) {
        length += (size_t)n;
    }
    assert_non_null(strstr(answer, part));
    close(s);
}

static void test_control_serves_others_while_one_takes_long(void **state)
{
    struct world *w = *state;
    struct long_request l = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                             .changed = PTHREAD_COND_INITIALIZER};
    int slow[CONTROL_REQUESTS];
    for (int k = 0; k < CONTROL_REQUESTS; k++) {
        int quick = send_raw(w, "{\"verb\":\"quick\"}\n", 17);
        control_serve(w->control, 10000, &l, serve_long);
        assert_answer(quick, "\"ok\"");
        slow[k] = begin_long(w, &l, k + 1);
    }
    int refused = send_raw(w, "{\"verb\":\"quick\"}\n", 17);
    control_serve(w->control, 10000, &l, serve_long);
    assert_answer(refused, "too many requests");
    pthread_mutex_lock(&l.mutex);
    l.go_on = true;
    pthread_cond_broadcast(&l.changed);
    pthread_mutex_unlock(&l.mutex);
    control_stop(w->control);
    for (int k = 0; k < CONTROL_REQUESTS; k++) {
        assert_answer(slow[k], "\"ok\"");
    }
}

static void test_control_stop_ends_who_waits_for_more(void **state)
{
    struct world *w = *state;
    int s = send_raw(w, "{\"verb\"", 7);
    control_serve(w->control, 10000, w, serve);
    control_stop(w->control);
    assert_int_equal(w->served, 0);
    close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_control_answers_with_lines_and_a_result),
        TEST(test_control_carries_sentence_and_exit_code),
        TEST(test_control_carries_what_else_a_verb_takes),
        TEST(test_control_says_when_the_hub_does_not_answer),
        TEST(test_control_says_when_no_hub_runs),
        TEST(test_control_socket_is_private_and_replaces_an_old_one),
        TEST(test_control_refuses_a_folder_that_is_too_long),
        TEST(test_control_outlives_hostile_requests),
        TEST(test_control_serves_others_while_one_takes_long),
        TEST(test_control_stop_ends_who_waits_for_more),
    };
    signal(SIGPIPE, SIG_IGN); /* as the program does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
