/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/text.h"
#include "decode/senml.h"

#include <cbor.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Item by item with libcbor's streaming decoder: nothing is allocated by what a length
 * claims, so that a bomb of seven bytes is an unexpected end. */

enum { SKIP_DEPTH = 16 };

enum item_kind {
    ITEM_UNSIGNED,
    ITEM_NEGATIVE, /* -1 - count */
    ITEM_BYTES,
    ITEM_TEXT,
    ITEM_CHUNKS, /* begin of a string of unknown length */
    ITEM_ARRAY,
    ITEM_MAP,
    ITEM_TAG,
    ITEM_FLOAT,
    ITEM_BOOL,
    ITEM_NULL,
    ITEM_BREAK
};

struct item {
    enum item_kind kind;
    uint64_t count; /* integer, members, or tag */
    bool open;      /* array, map: members until a break */
    double number;
    const unsigned char *bytes;
    size_t length;
};

struct reader {
    const unsigned char *at, *end;
    struct decode_work *w;
};

#define ON_INTEGER(name, type, item_kind)                                                \
    static void name(void *to, type value)                                               \
    {                                                                                    \
        *(struct item *)to = (struct item){.kind = (item_kind), .count = value};         \
    }
ON_INTEGER(on_uint8, uint8_t, ITEM_UNSIGNED)
ON_INTEGER(on_uint16, uint16_t, ITEM_UNSIGNED)
ON_INTEGER(on_uint32, uint32_t, ITEM_UNSIGNED)
ON_INTEGER(on_uint64, uint64_t, ITEM_UNSIGNED)
ON_INTEGER(on_negint8, uint8_t, ITEM_NEGATIVE)
ON_INTEGER(on_negint16, uint16_t, ITEM_NEGATIVE)
ON_INTEGER(on_negint32, uint32_t, ITEM_NEGATIVE)
ON_INTEGER(on_negint64, uint64_t, ITEM_NEGATIVE)
ON_INTEGER(on_array, size_t, ITEM_ARRAY)
ON_INTEGER(on_map, size_t, ITEM_MAP)
ON_INTEGER(on_tag, uint64_t, ITEM_TAG)
ON_INTEGER(on_bool, bool, ITEM_BOOL)
#undef ON_INTEGER

static void on_bytes(void *to, cbor_data bytes, size_t length)
{
    *(struct item *)to =
        (struct item){.kind = ITEM_BYTES, .bytes = bytes, .length = length};
}

static void on_text(void *to, cbor_data bytes, size_t length)
{
    *(struct item *)to =
        (struct item){.kind = ITEM_TEXT, .bytes = bytes, .length = length};
}

static void on_chunks(void *to)
{
    *(struct item *)to = (struct item){.kind = ITEM_CHUNKS};
}

static void on_open_array(void *to)
{
    *(struct item *)to = (struct item){.kind = ITEM_ARRAY, .open = true};
}

static void on_open_map(void *to)
{
    *(struct item *)to = (struct item){.kind = ITEM_MAP, .open = true};
}

static void on_float(void *to, float value)
{
    *(struct item *)to = (struct item){.kind = ITEM_FLOAT, .number = (double)value};
}

static void on_double(void *to, double value)
{
    *(struct item *)to = (struct item){.kind = ITEM_FLOAT, .number = value};
}

static void on_null(void *to)
{
    *(struct item *)to = (struct item){.kind = ITEM_NULL};
}

static void on_break(void *to)
{
    *(struct item *)to = (struct item){.kind = ITEM_BREAK};
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string_start = on_chunks,
    .byte_string = on_bytes,
    .string_start = on_chunks,
    .string = on_text,
    .indef_array_start = on_open_array,
    .array_start = on_array,
    .indef_map_start = on_open_map,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_null,
    .null = on_null,
    .boolean = on_bool,
    .indef_break = on_break,
};

static enum err refuse(struct reader *r, const char *what)
{
    diag_set(r->w->diag, "CBOR: %s at byte %zu", what,
             r->w->m->size - (size_t)(r->end - r->at));
    return ERR_SYNTAX;
}

static enum err next_item(struct reader *r, struct item *out)
{
    struct cbor_decoder_result result =
        cbor_stream_decode(r->at, (size_t)(r->end - r->at), &callbacks, out);
    if (result.status != CBOR_DECODER_FINISHED) {
        return refuse(r, result.status == CBOR_DECODER_NEDATA ? "unexpected end"
                                                              : "no such item");
    }
    r->at += result.read;
    return ERR_OK;
}

/* True while a container has members left; a break ends an open one. */
static enum err next_member(struct reader *r, const struct item *container,
                            uint64_t taken, struct item *out, bool *more)
{
    if (!container->open && taken == container->count) {
        *more = false;
        return ERR_OK;
    }
    enum err err = next_item(r, out);
    if (err == ERR_OK && out->kind == ITEM_BREAK && !container->open) {
        return refuse(r, "a break that ends nothing");
    }
    *more = err == ERR_OK && out->kind != ITEM_BREAK;
    return err;
}

/* Passes over what item begins. */
static enum err skip(struct reader *r, const struct item *item, int depth)
{
    if (item->kind == ITEM_BREAK) {
        return refuse(r, "a break that ends nothing");
    }
    bool container = item->kind == ITEM_ARRAY || item->kind == ITEM_MAP ||
                     item->kind == ITEM_TAG || item->kind == ITEM_CHUNKS;
    if (!container) {
        return ERR_OK;
    }
    if (depth == SKIP_DEPTH) {
        return refuse(r, "nested too deep");
    }
    struct item members = *item;
    if (item->kind == ITEM_TAG) {
        members.count = 1;
    } else if (item->kind == ITEM_CHUNKS) {
        members.open = true;
    } else if (item->kind == ITEM_MAP && !item->open) {
        if (item->count > SIZE_MAX / 2) {
            return refuse(r, "unexpected end");
        }
        members.count *= 2;
    }
    enum err err = ERR_OK;
    bool more = true;
    for (uint64_t i = 0; err == ERR_OK && more; i++) {
        struct item member;
        err = next_member(r, &members, i, &member, &more);
        if (err == ERR_OK && more) {
            err = skip(r, &member, depth + 1);
        }
    }
    return err;
}

/* Text without NUL, UTF-8, in the arena. */
static enum err keep_text(struct reader *r, const unsigned char *bytes, size_t length,
                          const char **out)
{
    const char *text = length == 0 ? "" : (const char *)bytes;
    if (memchr(text, '\0', length) != NULL || !text_is_utf8(text, length)) {
        return refuse(r, "text that is not UTF-8 or holds a NUL");
    }
    *out = arena_text_part(r->w->arena, text, length);
    r->w->full = r->w->full || *out == NULL;
    return *out == NULL ? ERR_FULL : ERR_OK;
}

/* A text in pieces, which the chunk before has begun. */
static enum err read_chunks(struct reader *r, struct decode_value *out)
{
    static const struct item open = {.open = true};
    const char *text = "";
    enum err err = ERR_OK;
    bool more = true;
    bool is_text = true;
    while (err == ERR_OK && more) {
        struct item chunk;
        err = next_member(r, &open, 0, &chunk, &more);
        if (err != ERR_OK || !more) {
            break;
        }
        if (chunk.kind != ITEM_TEXT && chunk.kind != ITEM_BYTES) {
            return refuse(r, "a string of pieces that are none");
        }
        is_text = is_text && chunk.kind == ITEM_TEXT;
        const char *piece = "";
        if (is_text) {
            err = keep_text(r, chunk.bytes, chunk.length, &piece);
            text = decode_join(r->w, text, piece);
        }
    }
    *out = (struct decode_value){.kind = is_text ? DECODE_TEXT : DECODE_OTHER,
                                 .text = is_text ? text : "binary data"};
    return err;
}

static double integer_of(const struct item *i)
{
    return i->kind == ITEM_UNSIGNED ? (double)i->count : -1.0 - (double)i->count;
}

static bool is_integer(const struct item *i)
{
    return i->kind == ITEM_UNSIGNED || i->kind == ITEM_NEGATIVE;
}

/* Tag 4 (RFC 8949, 3.4.4): [exponent, mantissa], rounded once. */
static enum err read_decimal(struct reader *r, struct decode_value *out)
{
    struct item part[3];
    for (int i = 0; i < 3; i++) {
        enum err err = next_item(r, &part[i]);
        if (err != ERR_OK) {
            return err;
        }
    }
    bool sound = part[0].kind == ITEM_ARRAY && !part[0].open && part[0].count == 2 &&
                 is_integer(&part[1]) && is_integer(&part[2]) && part[1].count <= 400 &&
                 part[2].count < INT64_MAX;
    if (!sound) {
        return refuse(r, "no decimal fraction that fits a double");
    }
    int64_t mantissa = part[2].kind == ITEM_UNSIGNED ? (int64_t)part[2].count
                                                     : -1 - (int64_t)part[2].count;
    char text[64];
    snprintf(text, sizeof text, "%lldE%.0f", (long long)mantissa, integer_of(&part[1]));
    *out = (struct decode_value){.kind = DECODE_TEXT, .text = text};
    double number;
    if (!decode_value_number(out, &number)) {
        return refuse(r, "no decimal fraction that fits a double");
    }
    *out = (struct decode_value){.kind = DECODE_NUMBER, .number = number};
    return ERR_OK;
}

static enum err read_value(struct reader *r, const struct item *item,
                           struct decode_value *out)
{
    *out = (struct decode_value){.kind = DECODE_OTHER, .text = "binary data"};
    switch (item->kind) {
    case ITEM_UNSIGNED:
    case ITEM_NEGATIVE:
        *out = (struct decode_value){.kind = DECODE_NUMBER, .number = integer_of(item)};
        return ERR_OK;
    case ITEM_FLOAT:
        *out = (struct decode_value){.kind = DECODE_NUMBER, .number = item->number};
        return ERR_OK;
    case ITEM_TEXT:
        out->kind = DECODE_TEXT;
        return keep_text(r, item->bytes, item->length, &out->text);
    case ITEM_CHUNKS:
        return read_chunks(r, out);
    case ITEM_BOOL:
        out->text = item->count != 0 ? "true" : "false";
        return ERR_OK;
    case ITEM_NULL:
        *out = (struct decode_value){.kind = DECODE_NULL, .text = "null"};
        return ERR_OK;
    case ITEM_TAG:
        if (item->count == 4) {
            return read_decimal(r, out);
        }
        break;
    case ITEM_ARRAY:
    case ITEM_MAP:
        out->text = "a list";
        break;
    case ITEM_BYTES:
    case ITEM_BREAK:
        break;
    }
    return skip(r, item, 0);
}

/* The label that item is; unknown ones are SENML_LABELS unless they end in "_". */
static enum err read_label(struct reader *r, const struct item *item,
                           enum senml_label *out)
{
    if (is_integer(item)) {
        double number = integer_of(item);
        *out = fabs(number) < 100 ? senml_label_of_number((int64_t)number) : SENML_LABELS;
        return ERR_OK;
    }
    if (item->kind != ITEM_TEXT) {
        return refuse(r, "a label that is neither number nor text");
    }
    const char *name = (const char *)item->bytes;
    *out = senml_label_of_name(name, item->length);
    return *out == SENML_LABELS ? senml_check_unknown(name, item->length, r->w->diag)
                                : ERR_OK;
}

static enum err read_pair(struct reader *r, const struct item *key,
                          struct senml_record *record)
{
    enum senml_label label;
    struct item item;
    struct decode_value value;
    enum err err = read_label(r, key, &label);
    if (err == ERR_OK) {
        err = next_item(r, &item);
    }
    if (err == ERR_OK) {
        err = read_value(r, &item, &value);
    }
    if (err == ERR_OK && label != SENML_LABELS) {
        err = senml_set(record, label, &value, r->w->diag);
    }
    return err;
}

static enum err read_record(struct reader *r, const struct item *map,
                            struct senml_pack *p)
{
    struct senml_record record = {0};
    enum err err = map->kind == ITEM_MAP ? ERR_OK : refuse(r, "a record that is no map");
    bool more = true;
    for (uint64_t i = 0; err == ERR_OK && more; i++) {
        struct item key;
        err = next_member(r, map, i, &key, &more);
        if (err == ERR_OK && more) {
            err = read_pair(r, &key, &record);
        }
    }
    return err == ERR_OK ? senml_take_record(p, &record) : err;
}

enum err senml_read_cbor(struct decode_work *w, struct senml_pack *p)
{
    const unsigned char *bytes = w->m->payload;
    struct reader r = {bytes, bytes + w->m->size, w};
    struct item pack;
    enum err err = next_item(&r, &pack);
    if (err == ERR_OK && pack.kind == ITEM_TAG) {
        err = next_item(&r, &pack);
    }
    if (err == ERR_OK && pack.kind != ITEM_ARRAY) {
        return refuse(&r, "no array of records");
    }
    bool more = true;
    for (uint64_t i = 0; err == ERR_OK && more; i++) {
        struct item record;
        err = next_member(&r, &pack, i, &record, &more);
        if (err == ERR_OK && more) {
            err = read_record(&r, &record, p);
        }
    }
    return err == ERR_OK && r.at != r.end ? refuse(&r, "bytes behind the pack") : err;
}
