/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/tree.h"

#include "base/number.h"
#include "base/text.h"
#include "decode/decoder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* libyajl finds the tokens and calls us for each. It lets some things pass that are no
 * JSON, or that we don't take; those are refused here. */

enum {
    FEW = 16,   /* members whose keys are compared one by one */
    SHOWN = 24, /* bytes of the document in a sentence */
    /* Most memory, for a document and for each of its bytes: of struct room; and of the
     * tree, where "1," takes a node of 48 bytes, and "[" too, but only TREE_DEPTH times.
     */
    ROOM_BYTES = 32 << 10,
    ROOM_FACTOR = 8,
    TREE_BYTES = 192 << 10,
    TREE_FACTOR = 32
};

/* libyajl's own memory. It passes over a lack of memory and writes to NULL, so it gets
 * all that it can ever need before it begins: of n bytes two buffers, each doubled from
 * 2 KiB until n fit; a stack of one byte a level that grows by 128; some structs. What
 * is not touched costs nothing. */
struct room {
    unsigned char *bytes;
    size_t used, size;
};

static void *room_take(void *arg, size_t size)
{
    struct room *r = arg;
    size = (size + 15) / 16 * 16;
    if (size > r->size - r->used) {
        abort(); /* our mistake: the reckoning above is wrong */
    }
    void *taken = r->bytes + r->used;
    r->used += size;
    return taken;
}

static void *room_grow(void *arg, void *old, size_t size)
{
    struct room *r = arg;
    if (old == NULL) {
        return room_take(r, size);
    }
    size_t behind = (size_t)(r->bytes + r->used - (unsigned char *)old);
    void *taken = room_take(r, size);
    return memcpy(taken, old, behind < size ? behind : size);
}

static void room_give(void *arg, void *taken)
{
    (void)arg;
    (void)taken;
}

/* An array or object that is not yet at its end. */
struct level {
    struct tree *node;
    const struct tree **tail; /* where the next one is hung */
};

struct reader {
    struct arena *arena;
    const char *key; /* of the value that comes; NULL: none */
    size_t key_length;
    enum err err;  /* why we gave up */
    char why[100]; /* and in words */
    size_t depth;
    struct tree root; /* as if the document were its only element */
    struct level levels[TREE_DEPTH + 1];
};

static int fail(struct reader *r, enum err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Always 0, by which libyajl stops. */
static int fail(struct reader *r, enum err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->why, sizeof r->why, format, args);
    va_end(args);
    r->err = err;
    return 0;
}

static int fail_memory(struct reader *r)
{
    r->err = ERR_MEMORY;
    return 0;
}

static int fail_twin(struct reader *r, const char *key, size_t length)
{
    char shown[48];
    text_escape(shown, sizeof shown, key, length);
    return fail(r, ERR_SYNTAX, "the key \"%s\" stands twice in one object", shown);
}

static struct tree *put(struct reader *r, enum tree_kind kind)
{
    struct level *l = &r->levels[r->depth];
    struct tree *n = arena_take(r->arena, sizeof *n);
    if (n == NULL) {
        (void)fail_memory(r);
        return NULL;
    }
    *n = (struct tree){
        .kind = kind, .first = NULL, .key = r->key, .key_length = r->key_length};
    r->key = NULL;
    r->key_length = 0;
    *l->tail = n;
    l->tail = &n->next;
    l->node->count++;
    return n;
}

static int take_null(void *arg)
{
    return put(arg, TREE_NULL) != NULL;
}

static int take_boolean(void *arg, int yes)
{
    return put(arg, yes ? TREE_TRUE : TREE_FALSE) != NULL;
}

static int take_number(void *arg, const char *text, size_t length)
{
    struct reader *r = arg;
    double number;
    if (length > NUMBER_LONGEST) {
        return fail(r, ERR_SYNTAX, "a number of %zu characters", length);
    }
    if (!number_parse_part(text, length, &number)) {
        return fail(r, ERR_SYNTAX, "a number too large");
    }
    struct tree *n = put(r, TREE_NUMBER);
    if (n != NULL) {
        n->number = number;
    }
    return n != NULL;
}

static int take_text(void *arg, const unsigned char *text, size_t length)
{
    struct reader *r = arg;
    struct tree *n = put(r, TREE_TEXT);
    if (n == NULL) {
        return 0;
    }
    n->text = arena_text_part(r->arena, (const char *)text, length);
    return n->text != NULL || fail_memory(r);
}

static int take_key(void *arg, const unsigned char *text, size_t length)
{
    struct reader *r = arg;
    const struct tree *object = r->levels[r->depth].node;
    const char *key = (const char *)text;
    if (object->count < FEW && tree_find(object, key, length) != NULL) {
        return fail_twin(r, key, length);
    }
    r->key = arena_text_part(r->arena, key, length);
    r->key_length = length;
    return r->key != NULL || fail_memory(r);
}

static int open_level(struct reader *r, enum tree_kind kind)
{
    if (r->depth == TREE_DEPTH) {
        return fail(r, ERR_SYNTAX, "nested deeper than %d levels", TREE_DEPTH);
    }
    struct tree *n = put(r, kind);
    if (n != NULL) {
        r->levels[++r->depth] = (struct level){n, &n->first};
    }
    return n != NULL;
}

static int open_object(void *arg)
{
    return open_level(arg, TREE_OBJECT);
}

static int open_array(void *arg)
{
    return open_level(arg, TREE_ARRAY);
}

static int close_array(void *arg)
{
    struct reader *r = arg;
    r->depth--;
    return 1;
}

static int close_object(void *arg)
{
    struct reader *r = arg;
    const struct tree *object = r->levels[r->depth--].node;
    bool no_room = false;
    const struct tree *twin =
        object->count <= FEW ? NULL : tree_find_twin(object, r->arena, &no_room);
    if (no_room) {
        return fail_memory(r);
    }
    return twin == NULL || fail_twin(r, twin->key, twin->key_length);
}

/* --- what libyajl lets pass --- */

/* The code of the escape \uXXXX at p; -1: there is none. */
static long escaped_code(const char *p, const char *end)
{
    char digits[5] = "";
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return -1;
    }
    memcpy(digits, p + 2, 4);
    return strspn(digits, "0123456789abcdefABCDEF") == 4 ? strtol(digits, NULL, 16) : -1;
}

/* An escape that names no character we take; NULL: none. Backslashes stand in texts only,
 * else libyajl refuses them. */
static const char *find_bad_escape(const char *bytes, size_t size)
{
    const char *end = bytes + size;
    const char *p = bytes;
    while (p < end && (p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
        long code = escaped_code(p, end);
        bool high = code >= 0xD800 && code <= 0xDBFF;
        if (high) {
            long low = escaped_code(p + 6, end);
            high = low >= 0xDC00 && low <= 0xDFFF;
            code = high ? 0x10000 : code;
        }
        if (code == 0 || (code >= 0xD800 && code <= 0xDFFF)) {
            return p;
        }
        p += high ? 12 : code > 0 ? 6 : 2;
    }
    return NULL;
}

/* What is wrong with the bytes themselves, and where; NULL: nothing. */
static const char *check_bytes(const char *bytes, size_t size, size_t *place)
{
    static const char blanks[] = "\v\f";
    *place = text_utf8_size(bytes, size);
    if (*place < size) {
        return "not UTF-8";
    }
    const char *bad = find_bad_escape(bytes, size);
    if (bad != NULL) {
        *place = (size_t)(bad - bytes);
        return escaped_code(bad, bytes + size) == 0 ? "the character NUL (\\u0000)"
                                                    : "half a surrogate pair";
    }
    for (size_t i = 0; blanks[i] != '\0'; i++) {
        bad = memchr(bytes, blanks[i], size);
        if (bad != NULL) {
            *place = (size_t)(bad - bytes);
            return "a control character";
        }
    }
    return NULL;
}

/* --- sentences --- */

/* Says why, with what stands before place, and where that is. */
static enum err refuse(struct diag *d, const char *bytes, size_t place, const char *why)
{
    char shown[4 * SHOWN + 4];
    size_t begin = 0;
    size_t column = 0;
    if (d == NULL) {
        return ERR_SYNTAX;
    }
    d->line = 1;
    for (size_t i = 0; i < place; i++) {
        if (bytes[i] == '\n') {
            d->line++;
            column = 0;
            begin = i + 1;
        } else {
            column += ((unsigned char)bytes[i] & 0xC0) != 0x80;
        }
    }
    d->column = column > 0 ? (int)column : 1;
    if (place - begin > SHOWN) {
        begin = place - SHOWN;
        while (begin < place && ((unsigned char)bytes[begin] & 0xC0) == 0x80) {
            begin++;
        }
    }
    text_escape(shown, sizeof shown, bytes + begin, place - begin);
    diag_set(d, begin < place ? "not JSON: %s, after '%s'" : "not JSON: %s", why, shown);
    return ERR_SYNTAX;
}

/* libyajl's sentence, "lexical error: invalid char in json text.\n", without its ends. */
static void take_sentence(yajl_handle yajl, char *to, size_t size)
{
    unsigned char *said = yajl_get_error(yajl, 0, NULL, 0);
    const char *why = said != NULL ? (const char *)said : "";
    const char *colon = strstr(why, ": ");
    why = colon != NULL ? colon + 2 : why;
    size_t length = strcspn(why, "\n");
    length -= length > 0 && why[length - 1] == '.';
    text_escape(to, size, why, length);
    yajl_free_error(yajl, said);
}

/* --- reading --- */

static const yajl_callbacks callbacks = {.yajl_null = take_null,
                                         .yajl_boolean = take_boolean,
                                         .yajl_number = take_number,
                                         .yajl_string = take_text,
                                         .yajl_start_map = open_object,
                                         .yajl_map_key = take_key,
                                         .yajl_end_map = close_object,
                                         .yajl_start_array = open_array,
                                         .yajl_end_array = close_array};

/* Where something stands behind the document, which ends at place; size: nothing does.
 * libyajl itself would let the beginning of a text pass there. */
static size_t skip_blanks(const char *bytes, size_t size, size_t place)
{
    while (place < size && decode_is_blank(bytes[place])) {
        place++;
    }
    return place;
}

static enum err parse(struct reader *r, yajl_handle yajl, const char *bytes, size_t size,
                      struct diag *d)
{
    yajl_status status = yajl_parse(yajl, (const unsigned char *)bytes, size);
    size_t place = yajl_get_bytes_consumed(yajl);
    if (status == yajl_status_ok) {
        status = yajl_complete_parse(yajl);
        place = status == yajl_status_ok ? skip_blanks(bytes, size, place) : size;
    }
    if (status == yajl_status_ok && place == size) {
        return ERR_OK;
    }
    if (r->err == ERR_MEMORY) {
        return ERR_MEMORY;
    }
    if (status == yajl_status_ok) {
        text_copy(r->why, sizeof r->why, "something stands behind the document");
    } else if (r->err == ERR_OK) {
        take_sentence(yajl, r->why, sizeof r->why);
    }
    return refuse(d, bytes, place, r->why);
}

size_t tree_bytes(size_t size)
{
    return ROOM_BYTES + TREE_BYTES + (ROOM_FACTOR + TREE_FACTOR) * size;
}

enum err tree_read(const char *bytes, size_t size, struct arena *a,
                   const struct tree **out, struct diag *d)
{
    size_t place;
    const char *why = check_bytes(bytes, size, &place);
    if (why != NULL) {
        return refuse(d, bytes, place, why);
    }
    struct room room = {.size = ROOM_BYTES + ROOM_FACTOR * size};
    struct reader r;
    r.arena = a;
    r.key = NULL;
    r.key_length = 0;
    r.err = ERR_OK;
    r.depth = 0;
    r.root = (struct tree){.kind = TREE_ARRAY, .first = NULL};
    r.levels[0] = (struct level){&r.root, &r.root.first};
    room.bytes = arena_take(a, room.size);
    if (room.bytes == NULL) {
        return ERR_MEMORY;
    }
    yajl_alloc_funcs functions = {room_take, room_grow, room_give, &room};
    yajl_handle yajl = yajl_alloc(&callbacks, &functions, &r);
    yajl_config(yajl, yajl_dont_validate_strings, 1);
    yajl_config(yajl, yajl_allow_trailing_garbage, 1);
    enum err err = parse(&r, yajl, bytes, size, d);
    if (err == ERR_OK) {
        *out = r.root.first;
    }
    return err;
}
