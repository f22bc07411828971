/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include "base/clock.h"
#include "base/hash.h"
#include "publish/http.h"
#include "support/fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A web server for one test: gives each connection the next answer and writes down what
 * it was sent. */
struct server {
    int fd;
    char base[64];
    const char *answers[4]; /* NULL: takes the request and says nothing; */
    atomic_bool *taken;     /* then this is set, if it is not NULL */
    size_t large;           /* bytes of body sent behind the answer */
    bool keep; /* the first connection is kept: a second request on it is taken, and it
                  is closed without an answer */
    char seen[8192]; /* requests, one after the other */
    size_t seen_length;
    int connections;
    pthread_t thread;
};

static void read_request(struct server *s, int fd)
{
    char bytes[4096];
    size_t start = s->seen_length;
    ssize_t n;
    while (strstr(s->seen + start, "\r\n\r\n") == NULL &&
           (n = read(fd, bytes, sizeof bytes)) > 0) {
        size_t room = sizeof s->seen - s->seen_length - 1;
        size_t part = (size_t)n < room ? (size_t)n : room;
        memcpy(s->seen + s->seen_length, bytes, part);
        s->seen_length += part;
    }
}

static void send_large(int fd, size_t size)
{
    static char block[65536];
    memset(block, 'x', sizeof block);
    for (size_t sent = 0; sent < size; sent += sizeof block) {
        if (send(fd, block, sizeof block, MSG_NOSIGNAL) <= 0) {
            return;
        }
    }
}

static void take_second_request(struct server *s, int fd)
{
    struct pollfd either[] = {{.fd = fd, .events = POLLIN},
                              {.fd = s->fd, .events = POLLIN}};
    if (poll(either, 2, 10000) > 0 && either[0].revents != 0) {
        read_request(s, fd);
    }
}

static void *serve(void *arg)
{
    struct server *s = arg;
    for (size_t i = 0; i < 4; i++) {
        int fd = accept(s->fd, NULL, NULL);
        if (fd < 0) {
            return NULL;
        }
        s->connections++;
        read_request(s, fd);
        if (s->answers[i] != NULL) {
            send(fd, s->answers[i], strlen(s->answers[i]), MSG_NOSIGNAL);
            send_large(fd, s->large);
            if (s->keep && i == 0) {
                take_second_request(s, fd);
            }
        } else {
            char byte;
            if (s->taken != NULL) {
                atomic_store(s->taken, true);
            }
            while (read(fd, &byte, 1) > 0) {
            }
        }
        shutdown(fd, SHUT_RDWR);
        close(fd);
    }
    return NULL;
}

static struct server server;

static int setup(void **state)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof a;
    memset(&server, 0, sizeof server);
    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server.fd, (struct sockaddr *)&a, size) != 0 || listen(server.fd, 8) != 0 ||
        getsockname(server.fd, (struct sockaddr *)&a, &size) != 0) {
        return -1;
    }
    snprintf(server.base, sizeof server.base, "http://127.0.0.1:%d/", ntohs(a.sin_port));
    *state = &server;
    return 0;
}

static void start(struct server *s)
{
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void finish(struct server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

static struct http *open_http(const struct server *s, const atomic_bool *stop)
{
    struct http *h = NULL;
    struct diag d = {.text = ""};
    assert_int_equal(http_open(s->base, "secret-1", stop, &h, &d), ERR_OK);
    return h;
}

#define JSON_ANSWER                                                                      \
    "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON;charset=utf-8\r\n"                \
    "Content-Length: 2\r\nConnection: close\r\n\r\n{}"

static void test_http_get_gives_status_type_and_body(void **state)
{
    struct server *s = *state;
    struct http_answer a;
    struct diag d = {.text = ""};
    http_answer_init(&a);
    s->answers[0] = JSON_ANSWER;
    start(s);
    struct http *h = open_http(s, NULL);
    assert_int_equal(http_get(h, "/api/x?id=1", &a, &d), ERR_OK);
    assert_int_equal(a.status, 200);
    assert_string_equal(a.type, "application/json");
    assert_string_equal(buf_text(&a.body), "{}");
    finish(s);
    assert_non_null(strstr(s->seen, "GET /api/x?id=1 HTTP/1.1\r\n"));
    assert_non_null(strstr(s->seen, "\r\nAuthorization: secret-1\r\n"));
    http_close(h);
    http_answer_fini(&a);
}

static void test_http_post_says_that_it_is_json(void **state)
{
    struct server *s = *state;
    struct http_answer a;
    struct diag d = {.text = ""};
    http_answer_init(&a);
    s->answers[0] = JSON_ANSWER;
    start(s);
    struct http *h = open_http(s, NULL);
    assert_int_equal(http_post_json(h, "/p", "{\"a\":1}", &a, &d), ERR_OK);
    finish(s);
    assert_non_null(strstr(s->seen, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(s->seen, "\r\nContent-Length: 7\r\n"));
    assert_null(strstr(s->seen, "Expect:"));
    http_close(h);
    http_answer_fini(&a);
}

static void test_http_post_is_never_sent_twice(void **state)
{
    struct server *s = *state;
    struct http_answer a;
    struct diag d = {.text = ""};
    http_answer_init(&a);
    s->answers[0] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    s->answers[1] = "";
    s->answers[2] = JSON_ANSWER;
    s->keep = true;
    start(s);
    struct http *h = open_http(s, NULL);
    assert_int_equal(http_get(h, "/g", &a, &d), ERR_OK);
    assert_int_equal(http_post_json(h, "/p", "{}", &a, &d), ERR_NETWORK);
    assert_true(strncmp(d.text, "no answer from http://127.0.0.1:", 32) == 0);
    http_close(h);
    finish(s);
    assert_int_equal(s->connections, 2);
    const char *post = strstr(s->seen, "POST /p ");
    assert_non_null(post);
    assert_null(strstr(post + 1, "POST /p "));
    http_answer_fini(&a);
}

static void test_http_answer_has_a_ceiling(void **state)
{
    struct server *s = *state;
    struct http_answer a;
    struct diag d = {.text = ""};
    http_answer_init(&a);
    s->answers[0] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    s->large = HTTP_CEILING + 100000;
    start(s);
    struct http *h = open_http(s, NULL);
    assert_int_equal(http_get(h, "/", &a, &d), ERR_FULL);
    http_close(h);
    finish(s);
    http_answer_fini(&a);
}

static void test_http_stops_while_the_portal_is_silent(void **state)
{
    struct server *s = *state;
    struct http_answer a;
    struct diag d = {.text = ""};
    atomic_bool stop = false;
    http_answer_init(&a);
    s->taken = &stop;
    start(s);
    struct http *h = open_http(s, &stop);
    int64_t start_us = clock_monotonic_us();
    assert_int_equal(http_get(h, "/", &a, &d), ERR_BUSY);
    assert_true(clock_monotonic_us() - start_us < 5 * CLOCK_US_PER_S);
    http_close(h);
    finish(s);
    http_answer_fini(&a);
}

static enum err download(struct server *s, const char *redirect, int64_t ceiling,
                         long *status)
{
    struct http_answer a;
    struct diag d = {.text = ""};
    char folder[256];
    char path[300];
    static char first[512];
    http_answer_init(&a);
    fixture_folder(folder);
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(first, sizeof first,
             "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n"
             "Connection: close\r\n\r\n",
             redirect);
    s->answers[0] = first;
    s->answers[1] = JSON_ANSWER;
    start(s);
    struct http *h = open_http(s, NULL);
    enum err e = http_download(h, "/file", path, ceiling, &a, &d);
    *status = a.status;
    http_close(h);
    finish(s);
    struct hash read;
    struct hash expected;
    assert_int_equal(hash_bytes("{}", 2, &expected), ERR_OK);
    if (e == ERR_OK && a.status == 200) {
        assert_int_equal(hash_file(path, &read), ERR_OK);
        assert_memory_equal(&read, &expected, sizeof read);
    }
    fixture_remove(folder);
    http_answer_fini(&a);
    return e;
}

static void test_http_download_follows_its_own_host(void **state)
{
    long status;
    assert_int_equal(download(*state, "/elsewhere", 2, &status), ERR_OK);
    assert_int_equal(status, 200);
    assert_int_equal(server.connections, 2);
}

static void test_http_download_leaves_other_hosts_alone(void **state)
{
    struct server *s = *state;
    char other[80];
    long status;
    snprintf(other, sizeof other, "http://localhost%s", strrchr(s->base, ':'));
    assert_int_equal(download(s, other, 2, &status), ERR_OK);
    assert_int_equal(status, 302);
    assert_int_equal(s->connections, 1);
}

static void test_http_download_has_a_ceiling(void **state)
{
    long status;
    assert_int_equal(download(*state, "/elsewhere", 1, &status), ERR_FULL);
}

static void test_http_open_refuses_odd_addresses_and_tokens(void **state)
{
    struct server *s = *state;
    struct http *h = NULL;
    struct diag d = {.text = ""};
    static const char *const odd[] = {
        "file:///etc/passwd", "ftp://a.example", "",
        "portal.example",     "http://",         "http:// a"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_int_equal(http_open(odd[i], NULL, NULL, &h, &d), ERR_CONFIG);
    }
    assert_int_equal(http_open(s->base, "a\r\nX: b", NULL, &h, &d), ERR_CONFIG);
    assert_null(strstr(d.text, "X: b"));
    assert_null(h);
    close(s->fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_http_get_gives_status_type_and_body, setup),
        cmocka_unit_test_setup(test_http_post_says_that_it_is_json, setup),
        cmocka_unit_test_setup(test_http_post_is_never_sent_twice, setup),
        cmocka_unit_test_setup(test_http_answer_has_a_ceiling, setup),
        cmocka_unit_test_setup(test_http_stops_while_the_portal_is_silent, setup),
        cmocka_unit_test_setup(test_http_download_follows_its_own_host, setup),
        cmocka_unit_test_setup(test_http_download_leaves_other_hosts_alone, setup),
        cmocka_unit_test_setup(test_http_download_has_a_ceiling, setup),
        cmocka_unit_test_setup(test_http_open_refuses_odd_addresses_and_tokens, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
