/* SPDX-License-Identifier: EUPL-1.2 */
#include "publish/http.h"

#include "base/file.h"
#include "base/text.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TOKEN_LEAST = 8, REDIRECTS = 3, CONNECT_S = 15, SILENT_S = 120, WHOLE_S = 900 };

struct http {
    CURL *curl;
    struct curl_slist *headers; /* of every request */
    struct curl_slist *json_headers;
    const char *token; /* within headers; NULL: none */
    char base[1024];
    const atomic_bool *stop;
    char fault[CURL_ERROR_SIZE];
};

/* Where a body goes: to a buffer, or to a file of at most ceiling bytes. */
struct body {
    struct buf *to;
    int fd;
    int64_t left;
    enum err err;
};

void http_answer_init(struct http_answer *a)
{
    *a = (struct http_answer){.status = 0};
    buf_init(&a->body, HTTP_CEILING);
}

void http_answer_fini(struct http_answer *a)
{
    buf_fini(&a->body);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct body *b = arg;
    size *= count;
    if (b->to != NULL) {
        buf_put(b->to, bytes, size);
        b->err = b->to->err;
    } else if ((int64_t)size > b->left) {
        b->err = ERR_FULL;
    } else {
        b->err = file_write(b->fd, bytes, size);
        b->left -= (int64_t)size;
    }
    return b->err == ERR_OK ? size : 0;
}

static int look_at_stop(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct http *h = arg;
    (void)a, (void)b, (void)c, (void)d;
    return h->stop != NULL && atomic_load(h->stop) ? 1 : 0;
}

static bool set_base(struct http *h, const char *base)
{
    size_t length = strlen(base);
    while (length > 0 && base[length - 1] == '/') {
        length--;
    }
    if (length >= sizeof h->base ||
        (strncmp(base, "http://", 7) != 0 && strncmp(base, "https://", 8) != 0)) {
        return false;
    }
    memcpy(h->base, base, length);
    h->base[length] = '\0';
    CURLU *u = curl_url();
    bool sound = u != NULL && curl_url_set(u, CURLUPART_URL, h->base, 0) == CURLUE_OK;
    curl_url_cleanup(u);
    return sound;
}

static bool add_header(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);
    *list = longer != NULL ? longer : *list;
    return longer != NULL;
}

static const char *last_header(const struct curl_slist *list)
{
    while (list->next != NULL) {
        list = list->next;
    }
    return list->data;
}

static enum err set_headers(struct http *h, const char *token, struct diag *d)
{
    static const char before[] = "Authorization: ";
    char line[8192] = "";
    for (const char *p = token; p != NULL && *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7F) {
            diag_set(d, "the token holds a blank or a character that no token has");
            return ERR_CONFIG;
        }
    }
    if (token != NULL && strlen(token) + 20 > sizeof line) {
        diag_set(d, "the token is longer than 8000 characters");
        return ERR_CONFIG;
    }
    /* curl waits for "100 Continue" before large bodies; some portals never say it. */
    bool ok = add_header(&h->headers, "Expect:") &&
              add_header(&h->json_headers, "Expect:") &&
              add_header(&h->json_headers, "Content-Type: application/json");
    if (token != NULL) {
        snprintf(line, sizeof line, "%s%s", before, token);
        ok = ok && add_header(&h->headers, line) && add_header(&h->json_headers, line);
        explicit_bzero(line, sizeof line);
    }
    h->token = ok && token != NULL ? last_header(h->headers) + strlen(before) : NULL;
    return ok ? ERR_OK : ERR_MEMORY;
}

enum err http_open(const char *base, const char *token, const atomic_bool *stop,
                   struct http **out, struct diag *d)
{
    struct http *h = calloc(1, sizeof *h);
    enum err e = h == NULL ? ERR_MEMORY : ERR_OK;
    if (e == ERR_OK && !set_base(h, base)) {
        diag_set(d, "%s is not an address that begins with http:// or https://", base);
        e = ERR_CONFIG;
    }
    if (e == ERR_OK) {
        h->stop = stop;
        e = set_headers(h, token, d);
    }
    if (e == ERR_OK && (h->curl = curl_easy_init()) == NULL) {
        e = ERR_MEMORY;
    }
    if (e != ERR_OK) {
        http_close(h);
        return e;
    }
    *out = h;
    return ERR_OK;
}

void http_close(struct http *h)
{
    if (h != NULL) {
        curl_easy_cleanup(h->curl);
        curl_slist_free_all(h->headers);
        curl_slist_free_all(h->json_headers);
        free(h);
    }
}

/* Options of every request. */
static void prepare(struct http *h, const char *url, struct body *body)
{
    CURL *c = h->curl;
    curl_easy_reset(c); /* keeps the connection */
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "Kogge/" KOGGE_VERSION);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, h->headers);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)SILENT_S);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)WHOLE_S);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, look_at_stop);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->fault);
    h->fault[0] = '\0';
}

static void read_type(struct http *h, struct http_answer *a)
{
    const char *type = NULL;
    a->type[0] = '\0';
    if (curl_easy_getinfo(h->curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK &&
        type != NULL) {
        text_copy(a->type, sizeof a->type, type);
        a->type[strcspn(a->type, "; ")] = '\0';
        text_lower(a->type);
    }
}

static enum err perform(struct http *h, struct body *body, struct http_answer *a,
                        struct diag *d)
{
    CURLcode code = curl_easy_perform(h->curl);
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        diag_set(d, "broken off because the program stops");
        return ERR_BUSY;
    }
    if (code == CURLE_WRITE_ERROR && body->err != ERR_OK) {
        diag_set(d, "the answer is larger than it may be, or could not be kept");
        return body->err;
    }
    if (code == CURLE_OUT_OF_MEMORY) {
        return ERR_MEMORY;
    }
    if (code != CURLE_OK) {
        char said[120];
        const char *why = h->fault[0] != '\0' ? h->fault : curl_easy_strerror(code);
        diag_set(d, "no answer from %.60s: %s", h->base,
                 text_escape(said, sizeof said, why, strlen(why)));
        return ERR_NETWORK;
    }
    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &a->status);
    read_type(h, a);
    return ERR_OK;
}

static enum err join(const struct http *h, const char *path, char url[2048])
{
    int n = snprintf(url, 2048, "%s%s", h->base, path);
    return n > 0 && n < 2048 ? ERR_OK : ERR_FULL;
}

/* A portal, or what stands before it, may send back what it was sent: its sentence is
 * shown, the token is not. */
static void hide_token(const struct http *h, struct buf *body)
{
    size_t length = h->token != NULL ? strlen(h->token) : 0;
    char *p = length >= TOKEN_LEAST ? body->bytes : NULL;
    while (p != NULL) {
        p = memmem(p, body->length - (size_t)(p - body->bytes), h->token, length);
        if (p != NULL) {
            memset(p, '*', length);
        }
    }
}

/* The request that prepare and what followed it described, body into a. */
static enum err exchange(struct http *h, struct body *body, struct http_answer *a,
                         struct diag *d)
{
    buf_reset(&a->body);
    a->status = 0;
    enum err e = perform(h, body, a, d);
    hide_token(h, &a->body);
    return e;
}

enum err http_get(struct http *h, const char *path, struct http_answer *a, struct diag *d)
{
    char url[2048];
    struct body body = {.to = &a->body, .fd = -1};
    enum err e = join(h, path, url);
    if (e != ERR_OK) {
        return e;
    }
    prepare(h, url, &body);
    return exchange(h, &body, a, d);
}

/* On a connection that was used before, curl sends again by itself what got no answer;
 * what changes the portal must not go out twice unseen. */
static void prepare_post(struct http *h, const char *url, struct body *body)
{
    prepare(h, url, body);
    curl_easy_setopt(h->curl, CURLOPT_FRESH_CONNECT, 1L);
}

enum err http_post_json(struct http *h, const char *path, const char *json,
                        struct http_answer *a, struct diag *d)
{
    char url[2048];
    struct body body = {.to = &a->body, .fd = -1};
    enum err e = join(h, path, url);
    if (e != ERR_OK) {
        return e;
    }
    prepare_post(h, url, &body);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, h->json_headers);
    curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(json));
    curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, json);
    return exchange(h, &body, a, d);
}

static bool add_part(curl_mime *form, const struct http_part *part)
{
    curl_mimepart *p = curl_mime_addpart(form);
    if (p == NULL || curl_mime_name(p, part->name) != CURLE_OK) {
        return false;
    }
    if (part->path == NULL) {
        return curl_mime_data(p, part->text, CURL_ZERO_TERMINATED) == CURLE_OK;
    }
    return curl_mime_filedata(p, part->path) == CURLE_OK &&
           curl_mime_filename(p, part->text) == CURLE_OK &&
           curl_mime_type(p, "text/csv") == CURLE_OK;
}

enum err http_post_form(struct http *h, const char *path, const struct http_part *parts,
                        size_t count, struct http_answer *a, struct diag *d)
{
    char url[2048];
    struct body body = {.to = &a->body, .fd = -1};
    enum err e = join(h, path, url);
    if (e != ERR_OK) {
        return e;
    }
    prepare_post(h, url, &body);
    curl_mime *form = curl_mime_init(h->curl);
    bool ok = form != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        ok = add_part(form, &parts[i]);
    }
    if (ok) {
        curl_easy_setopt(h->curl, CURLOPT_MIMEPOST, form);
        e = exchange(h, &body, a, d);
    } else {
        diag_set(d,
                 "a file to send cannot be read; an export of everything writes it anew");
        e = ERR_IO;
    }
    curl_mime_free(form);
    return e;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    char *x = NULL;
    char *y = NULL;
    bool same = curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                strcmp(x, y) == 0;
    curl_free(x);
    curl_free(y);
    return same;
}

/* Scheme, host and port: only there may the token go. */
static bool same_origin(const char *one, const char *other)
{
    CURLU *a = curl_url();
    CURLU *b = curl_url();
    bool same = a != NULL && b != NULL &&
                curl_url_set(a, CURLUPART_URL, one, 0) == CURLUE_OK &&
                curl_url_set(b, CURLUPART_URL, other, 0) == CURLUE_OK &&
                same_part(a, b, CURLUPART_SCHEME) && same_part(a, b, CURLUPART_HOST) &&
                same_part(a, b, CURLUPART_PORT);
    curl_url_cleanup(a);
    curl_url_cleanup(b);
    return same;
}

static bool is_redirect(struct http *h, const struct http_answer *a, char url[2048])
{
    const char *next = NULL;
    if (a->status < 300 || a->status > 399 ||
        curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &next) != CURLE_OK ||
        next == NULL || strlen(next) >= 2048 || !same_origin(h->base, next)) {
        return false;
    }
    text_copy(url, 2048, next);
    return true;
}

enum err http_download(struct http *h, const char *path, const char *to, int64_t ceiling,
                       struct http_answer *a, struct diag *d)
{
    char url[2048];
    enum err e = join(h, path, url);
    buf_reset(&a->body);
    for (int i = 0; e == ERR_OK && i <= REDIRECTS; i++) {
        int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0) {
            diag_set(d, "%s cannot be written", to);
            return ERR_IO;
        }
        struct body body = {.fd = fd, .left = ceiling};
        prepare(h, url, &body);
        e = perform(h, &body, a, d);
        close(fd);
        if (e == ERR_OK && !is_redirect(h, a, url)) {
            break;
        }
    }
    return e;
}
