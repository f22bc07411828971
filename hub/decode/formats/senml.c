/* SPDX-License-Identifier: EUPL-1.2 */
/* SenML (RFC 8428) in JSON or CBOR; the bytes tell which.
 * Device: the base name in force as written, without one the record's whole name. Field:
 * "/" and the record's n, "/" alone if it has none. Time: bt + t; below 2^28 s it counts
 * from the arrival. Value: v + bv; vs as text; a sum (s) is shown and ignored. A field
 * whose name ends in "_", a version above 10 and a second value refuse the pack. Units by
 * the registry: "/" and "%" are ratios.
 * Packs of our own nodes (a record log with vs) carry held, first and seq, which are no
 * readings: session is log, counter is first, else seq, the last counter seq
 * (schemas/wire.h). */
#include "decode/senml.h"
#include "base/clock.h"
#include "base/text.h"
#include "wire.h"

#include <string.h>

enum { VERSION = 10, RELATIVE_S = 1 << 28 };

struct senml_pack {
    struct decode_work *w;
    struct decode_scope scope; /* of the base name in force; device "" if there is none */
    const char *bu;            /* NULL: none */
    double bt, bv, bs;
    double bver; /* 0: not said */
    bool ours, first;
};

static bool has(const struct senml_record *r, enum senml_label label)
{
    return (r->present & 1u << label) != 0;
}

static enum err take_version(struct senml_pack *p, const struct senml_record *r)
{
    double version = r->number[SENML_BVER];
    if (!has(r, SENML_BVER)) {
        return ERR_OK;
    }
    if (!(version > 0 && version <= VERSION)) {
        diag_set(p->w->diag, "SenML version %g, expected at most %d", version, VERSION);
        return ERR_SYNTAX;
    }
    if (p->bver != 0 && p->bver != version) {
        diag_set(p->w->diag, "SenML versions %g and %g in one pack", p->bver, version);
        return ERR_SYNTAX;
    }
    p->bver = version;
    return ERR_OK;
}

static void take_base(struct senml_pack *p, const struct senml_record *r)
{
    if (has(r, SENML_BN) && strcmp(r->text[SENML_BN], p->scope.device) != 0) {
        p->scope.device = decode_keep(p->w, r->text[SENML_BN]);
        p->scope.model =
            *p->scope.device == '\0' ? NULL : decode_find_model(p->w, p->scope.device);
    }
    if (has(r, SENML_BU)) {
        p->bu = *r->text[SENML_BU] == '\0' ? NULL : decode_keep(p->w, r->text[SENML_BU]);
    }
    p->bt = has(r, SENML_BT) ? r->number[SENML_BT] : p->bt;
    p->bv = has(r, SENML_BV) ? r->number[SENML_BV] : p->bv;
    p->bs = has(r, SENML_BS) ? r->number[SENML_BS] : p->bs;
}

static struct decode_time time_of(struct senml_pack *p, const struct senml_record *r)
{
    double t = p->bt + r->number[SENML_T];
    int64_t us;
    if (t == 0) {
        return p->w->time;
    }
    if (!clock_of_seconds(t, &us)) {
        return (struct decode_time){
            CLOCK_NONE, TIME_SOURCE_READING,
            decode_say(p->w, "its time %g is outside the years 1 to 9999", t)};
    }
    if (t < RELATIVE_S && t > -RELATIVE_S) {
        return decode_judge_time(p->w, p->w->m->arrival_us + us, TIME_SOURCE_ARRIVAL);
    }
    return decode_judge_time(p->w, us, TIME_SOURCE_READING);
}

/* Records of our nodes that are no readings. */
static bool take_own(struct senml_pack *p, const struct senml_record *r, const char *name)
{
    struct decoded *out = &p->w->out;
    if (strcmp(name, WIRE_RECORD_LOG) == 0 && has(r, SENML_VS) &&
        r->value.kind == DECODE_TEXT) {
        p->ours = true;
        out->session = decode_keep(p->w, r->value.text);
        out->device = p->scope.device;
        out->has_counter = true;
        return true;
    }
    bool first = strcmp(name, WIRE_RECORD_FIRST) == 0;
    bool seq = strcmp(name, WIRE_RECORD_SEQ) == 0;
    if (!p->ours || !(first || seq || strcmp(name, WIRE_RECORD_HELD) == 0)) {
        return false;
    }
    bool sound =
        r->value.kind == DECODE_NUMBER && r->value.number >= 0 && r->value.number < 9e15;
    if (sound && (first || (seq && !p->first))) {
        out->counter = (int64_t)r->value.number;
        p->first = p->first || first;
    }
    if (sound && seq) {
        out->counter_last = (int64_t)r->value.number;
    }
    return true;
}

static const char *unit_of(struct senml_pack *p, const struct senml_record *r)
{
    if (!has(r, SENML_U)) {
        return p->bu;
    }
    const char *unit = r->text[SENML_U];
    return *unit == '\0' ? NULL : decode_keep(p->w, unit);
}

static struct decode_slot slot_of(struct senml_pack *p, const struct senml_record *r,
                                  const struct sensor_model *model)
{
    const char *name = has(r, SENML_N) ? r->text[SENML_N] : "";
    struct decode_slot slot = {.field = decode_pointer(p->w, name),
                               .unit = unit_of(p, r)};
    slot.key = slot.field;
    slot.entry = decode_find_entry(p->w, model, slot.key, slot.unit, &slot.problem);
    if (slot.unit != NULL) {
        bool known = slot.entry != NULL && slot.entry->parameter != NULL;
        slot.scaled_unit = senml_unit(
            slot.unit, known ? slot.entry->parameter->unit : NULL, &slot.scale);
    }
    return slot;
}

static enum err put_sum(struct senml_pack *p, const struct decode_scope *s,
                        const struct decode_slot *slot, const struct senml_record *r)
{
    struct decode_slot sum = {.field = slot->field, .key = slot->key, .ignored = true};
    struct decode_value v = {.kind = DECODE_NUMBER, .number = r->number[SENML_S] + p->bs};
    return has(r, SENML_S) ? decode_put_reading(p->w, s, &sum, &v) : ERR_OK;
}

enum err senml_take_record(struct senml_pack *p, const struct senml_record *r)
{
    enum err err = take_version(p, r);
    if (err != ERR_OK) {
        return err;
    }
    take_base(p, r);
    const char *name = has(r, SENML_N) ? r->text[SENML_N] : "";
    if ((!r->has_value && !has(r, SENML_S)) || take_own(p, r, name)) {
        return ERR_OK;
    }
    struct decode_scope scope = p->scope;
    if (*scope.device == '\0') {
        scope.device = decode_keep(p->w, name);
        scope.model = decode_find_model(p->w, scope.device);
    }
    scope.time = time_of(p, r);
    struct decode_slot slot = slot_of(p, r, scope.model);
    if (*scope.device == '\0') {
        slot.problem = "the record has neither a name nor a base name";
    }
    struct decode_value v = r->value;
    if (v.kind == DECODE_NUMBER) {
        v.number += p->bv;
    }
    if (r->has_value && (slot.entry != NULL || decode_is_reading(&scope, &v))) {
        err = decode_put_reading(p->w, &scope, &slot, &v);
    }
    return err == ERR_OK ? put_sum(p, &scope, &slot, r) : err;
}

static enum err read_json_record(struct senml_pack *p, const struct tree *record)
{
    struct senml_record r = {0};
    enum err err = ERR_OK;
    for (const struct tree *n = tree_first(record); err == ERR_OK && n != NULL;
         n = n->next) {
        enum senml_label label = senml_label_of_name(n->key, n->key_length);
        struct decode_value v = decode_value_of(n);
        err = label == SENML_LABELS
                  ? senml_check_unknown(n->key, n->key_length, p->w->diag)
                  : senml_set(&r, label, &v, p->w->diag);
    }
    return err == ERR_OK ? senml_take_record(p, &r) : err;
}

static enum err read_json(struct decode_work *w, struct senml_pack *p)
{
    const struct tree *pack;
    enum err err = decode_need_document(w, &pack);
    if (err != ERR_OK) {
        return err;
    }
    if (!tree_is(pack, TREE_ARRAY)) {
        diag_set(w->diag, "a SenML pack is an array of records");
        return ERR_SYNTAX;
    }
    size_t i = 0;
    for (const struct tree *record = tree_first(pack); err == ERR_OK && record != NULL;
         record = record->next) {
        if (!tree_is(record, TREE_OBJECT)) {
            diag_set(w->diag, "record %zu of the SenML pack is no object", i);
            return ERR_SYNTAX;
        }
        err = read_json_record(p, record);
        i++;
    }
    return err;
}

/* 0x80 to 0x9f begin an array in CBOR, 0xd9d9f7 marks CBOR itself (RFC 8949, 3.4.6);
 * neither can begin JSON. */
static bool is_cbor(const struct message *m)
{
    const unsigned char *b = m->payload;
    return m->size > 0 && ((b[0] >= 0x80 && b[0] <= 0x9f) ||
                           (m->size > 2 && memcmp(b, "\xd9\xd9\xf7", 3) == 0));
}

static enum decode_sniff senml_sniff(struct decode_work *w)
{
    static const char *const values[] = {"v", "vs", "vb", "vd", "s"};
    if (is_cbor(w->m)) {
        return SNIFF_SURE;
    }
    const struct tree *first = tree_element(decode_document(w), 0);
    if (tree_is(tree_member(first, "bn"), TREE_TEXT)) {
        return SNIFF_SURE;
    }
    bool named = tree_is(tree_member(first, "n"), TREE_TEXT);
    for (size_t i = 0; named && i < sizeof values / sizeof *values; i++) {
        if (tree_member(first, values[i]) != NULL) {
            return SNIFF_SURE;
        }
    }
    return SNIFF_NO;
}

static enum err senml_decode(struct decode_work *w)
{
    struct senml_pack pack = {.w = w, .scope = {.device = ""}};
    return is_cbor(w->m) ? senml_read_cbor(w, &pack) : read_json(w, &pack);
}

const struct decoder decode_senml = {"senml", senml_sniff, senml_decode};
