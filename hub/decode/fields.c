/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/number.h"
#include "base/text.h"
#include "decode/value.h"

#include <stdio.h>
#include <string.h>

/* Values in JSON by the sensor model: its fields are looked up one by one, at the root
 * and in each record; then one walk finds the numbers that it does not name. */

enum { OTHER_NODES = 6 };

/* Fields of a model that other entries name too; told apart by unit. */
enum shared { SHARED_NO, SHARED_FIRST, SHARED_LATER };

static const struct tree *find_element(const struct tree *array, const char *token,
                                       size_t length)
{
    bool digits = length > 0 && length < 10 && strspn(token, "0123456789") >= length;
    if (!digits || (token[0] == '0' && length > 1)) {
        return NULL;
    }
    size_t index = 0;
    for (size_t i = 0; i < length; i++) {
        index = index * 10 + (size_t)(token[i] - '0');
    }
    return tree_element(array, index);
}

/* Child of node by the first length bytes of token, which may hold ~0 and ~1. */
static const struct tree *find_child(const struct tree *node, const char *token,
                                     size_t length)
{
    if (tree_is(node, TREE_ARRAY)) {
        return find_element(node, token, length);
    }
    if (memchr(token, '~', length) == NULL) {
        return tree_find(node, token, length);
    }
    char key[DECODE_POINTER];
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        if (used == sizeof key) {
            return NULL;
        }
        bool escape = token[i] == '~' && i + 1 < length;
        i += escape ? 1 : 0;
        key[used++] = !escape ? token[i] : token[i] == '0' ? '~' : '/';
    }
    return tree_find(node, key, used);
}

const struct tree *decode_find(const struct tree *from, const char *pointer)
{
    const struct tree *node = from;
    while (node != NULL && *pointer != '\0') {
        size_t length = strcspn(pointer + 1, "/");
        node = find_child(node, pointer + 1, length);
        pointer += 1 + length;
    }
    return node;
}

const char *decode_find_text(const struct tree *from, const char *pointer)
{
    const char *text = tree_text(decode_find(from, pointer));
    return text != NULL && *text != '\0' ? text : NULL;
}

int64_t decode_counter(const struct tree *value)
{
    double number;
    if (value == NULL) {
        return 0;
    }
    struct decode_value v = decode_value_of(value);
    bool sound = decode_value_number(&v, &number) && number >= 0 && number < 9e15;
    return sound ? (int64_t)number : 0;
}

/* One place where the fields of a model are looked up: the root or a record. */
struct lookup {
    struct decode_work *w;
    const struct decode_scope *scope;
    const struct tree *node;
    const char *prefix;          /* of node in the message */
    const unsigned char *shared; /* enum shared, of each entry */
    const struct tree **done;    /* nodes that the walk passes by */
    size_t done_count;
    char path[DECODE_POINTER]; /* of the walk */
    size_t prefix_length;      /* a key begins behind it */
};

static void mark_done(struct lookup *l, const struct tree *node)
{
    if (node != NULL) {
        l->done[l->done_count++] = node;
    }
}

static bool is_done(const struct lookup *l, const struct tree *node)
{
    for (size_t i = 0; i < l->done_count; i++) {
        if (l->done[i] == node) {
            return true;
        }
    }
    return false;
}

/* --- the walk over numbers that no entry names --- */

static enum err put_leaf(struct lookup *l, const struct tree *node)
{
    struct decode_value v = decode_value_of(node);
    if (!decode_is_reading(l->scope, &v)) {
        return ERR_OK;
    }
    struct decode_slot slot = {.field = decode_keep(l->w, l->path)};
    slot.key = slot.field + (*slot.field == '\0' ? 0 : l->prefix_length);
    return decode_put_reading(l->w, l->scope, &slot, &v);
}

static enum err walk_node(struct lookup *l, const struct tree *node, size_t length,
                          int depth);

static enum err walk_child(struct lookup *l, const struct tree *child, size_t length,
                           const char *name, int depth)
{
    size_t longer = text_pointer_append(l->path, sizeof l->path, length, name);
    if (longer == 0) {
        diag_set(l->w->diag, "a pointer longer than %d bytes", DECODE_POINTER - 1);
        return ERR_RANGE;
    }
    enum err err = walk_node(l, child, longer, depth + 1);
    l->path[length] = '\0';
    return err;
}

static enum err walk_node(struct lookup *l, const struct tree *node, size_t length,
                          int depth)
{
    if (is_done(l, node)) {
        return ERR_OK;
    }
    if (!tree_is(node, TREE_OBJECT) && !tree_is(node, TREE_ARRAY)) {
        return put_leaf(l, node);
    }
    if (depth == DECODE_DEPTH) {
        diag_set(l->w->diag, "values nested deeper than %d levels", DECODE_DEPTH);
        return ERR_RANGE;
    }
    enum err err = ERR_OK;
    size_t i = 0;
    for (const struct tree *n = tree_first(node); err == ERR_OK && n != NULL;
         n = n->next) {
        char index[24];
        if (n->key == NULL) {
            snprintf(index, sizeof index, "%zu", i++);
        }
        err = walk_child(l, n, length, n->key != NULL ? n->key : index, depth);
    }
    return err;
}

static enum err walk_from(struct lookup *l, const struct tree *node, const char *pointer)
{
    size_t length = strlen(pointer);
    if (length >= sizeof l->path) {
        diag_set(l->w->diag, "a pointer longer than %d bytes", DECODE_POINTER - 1);
        return ERR_RANGE;
    }
    memcpy(l->path, pointer, length + 1);
    l->prefix_length = strlen(l->prefix);
    return walk_node(l, node, length, 0);
}

/* --- the fields of the model --- */

static enum quality status_at(const struct tree *node, const struct device_status *s)
{
    const struct tree *found = s->field == NULL ? NULL : decode_find(node, s->field);
    if (found == NULL || tree_is(found, TREE_NULL)) {
        return QUALITY_NONE;
    }
    struct decode_value v = decode_value_of(found);
    char number[NUMBER_TEXT];
    const char *text = v.text;
    if (v.kind == DECODE_NUMBER) {
        number_format(v.number, number);
        text = number;
    }
    for (size_t i = 0; i < s->good_count; i++) {
        if (strcmp(s->good[i], text) == 0) {
            return QUALITY_GOOD;
        }
    }
    return s->otherwise;
}

/* The flag of an entry's own status, or of the model's. */
static enum quality flag_of(struct lookup *l, const struct sensor_field *entry)
{
    const struct device_status *s = &l->scope->model->status;
    if (entry != NULL && entry->status.field != NULL) {
        s = &entry->status;
    }
    return status_at(l->node, s);
}

/* The unit's text, in the arena or the model's own; NULL: the message has none. */
static const char *unit_of(struct lookup *l, const struct sensor_field *f)
{
    const char *text =
        f->unit_field == NULL ? NULL : decode_find_text(l->node, f->unit_field);
    if (text == NULL || (f->unit != NULL && strcmp(text, f->unit) == 0)) {
        return text == NULL ? NULL : f->unit;
    }
    return decode_keep(l->w, text);
}

/* The unit in the message that tells entries of the same field apart. */
static const char *shared_unit(struct lookup *l, size_t first)
{
    const struct sensor_model *model = l->scope->model;
    const char *unit = unit_of(l, &model->fields[first]);
    for (size_t i = first + 1; unit == NULL && i < model->field_count; i++) {
        if (l->shared[i] == SHARED_LATER &&
            strcmp(model->fields[i].field, model->fields[first].field) == 0) {
            unit = unit_of(l, &model->fields[i]);
        }
    }
    return unit;
}

static bool is_wanted(const struct sensor_field *f)
{
    return f != NULL && (f->parameter != NULL || f->quantity != QUANTITY_NONE);
}

static enum err read_field(struct lookup *l, size_t which)
{
    const struct sensor_field *f = &l->scope->model->fields[which];
    const struct tree *node = decode_find(l->node, f->field);
    bool container = tree_is(node, TREE_OBJECT) || tree_is(node, TREE_ARRAY);
    if (node == NULL || l->shared[which] == SHARED_LATER ||
        (container && !is_wanted(f))) {
        return ERR_OK;
    }
    struct decode_slot slot = {.field = f->field, .key = f->field, .entry = f};
    if (l->shared[which] == SHARED_FIRST) {
        slot.unit = shared_unit(l, which);
        slot.entry =
            decode_find_entry(l->w, l->scope->model, f->field, slot.unit, &slot.problem);
    } else {
        slot.unit = unit_of(l, f);
    }
    mark_done(l, node);
    struct decode_value v = decode_value_of(node);
    if (slot.entry == NULL && !decode_is_reading(l->scope, &v)) {
        return ERR_OK;
    }
    if (*l->prefix != '\0') {
        slot.field = decode_join(l->w, l->prefix, f->field);
    }
    slot.device_flag = flag_of(l, slot.entry);
    return decode_put_reading(l->w, l->scope, &slot, &v);
}

/* The name in a pair, as a pointer; NULL: none. */
static const char *pair_key(struct decode_work *w, const struct tree *node)
{
    struct decode_value v = decode_value_of(node);
    if (v.kind == DECODE_NUMBER) {
        char text[NUMBER_TEXT];
        number_format(v.number, text);
        return decode_pointer(w, text);
    }
    return v.kind == DECODE_TEXT ? decode_pointer(w, v.text) : NULL;
}

/* Reads one pair, which stands at pointer; the numbers in it that it does not name are
 * left to the walk. */
static enum err read_pair(struct lookup *l, const struct tree *pair, const char *pointer)
{
    const struct sensor_model *model = l->scope->model;
    const struct tree *key = decode_find(pair, model->pairs.key);
    const struct tree *value = decode_find(pair, model->pairs.value);
    const char *name = key == NULL || value == NULL ? NULL : pair_key(l->w, key);
    if (name == NULL) {
        return ERR_OK;
    }
    mark_done(l, key);
    mark_done(l, value);
    struct decode_slot slot = {.key = name};
    const char *unit =
        model->pairs.unit == NULL ? NULL : decode_find_text(pair, model->pairs.unit);
    slot.unit = unit == NULL ? NULL : decode_keep(l->w, unit);
    slot.entry = decode_find_entry(l->w, model, name, slot.unit, &slot.problem);
    struct decode_value v = decode_value_of(value);
    if (slot.entry == NULL && !decode_is_reading(l->scope, &v)) {
        return ERR_OK;
    }
    slot.field = decode_join(l->w, pointer, model->pairs.value);
    slot.device_flag = flag_of(l, slot.entry);
    return decode_put_reading(l->w, l->scope, &slot, &v);
}

/* prefix, pointer and index as one pointer. */
static const char *element_pointer(struct decode_work *w, const char *prefix,
                                   const char *pointer, size_t index)
{
    char tail[24];
    snprintf(tail, sizeof tail, "/%zu", index);
    return decode_join(w, decode_join(w, prefix, pointer), tail);
}

static enum err read_pairs(struct lookup *l)
{
    const char *at = l->scope->model->pairs.field;
    const struct tree *pairs = at == NULL ? NULL : decode_find(l->node, at);
    if (!tree_is(pairs, TREE_ARRAY)) {
        return ERR_OK;
    }
    size_t before = l->done_count;
    enum err err = ERR_OK;
    size_t i = 0;
    for (const struct tree *pair = tree_first(pairs); err == ERR_OK && pair != NULL;
         pair = pair->next) {
        const char *pointer = element_pointer(l->w, l->prefix, at, i++);
        err = read_pair(l, pair, pointer);
        if (err == ERR_OK) {
            err = walk_from(l, pair, pointer);
        }
        l->done_count = before;
    }
    mark_done(l, pairs);
    return err;
}

static void mark_pointer(struct lookup *l, const char *pointer)
{
    if (pointer != NULL) {
        mark_done(l, decode_find(l->node, pointer));
    }
}

/* All of one place. l->done holds what else the walk shall pass by. */
static enum err read_place(struct lookup *l)
{
    const struct sensor_model *model = l->scope->model;
    mark_pointer(l, model->status.field);
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < model->field_count; i++) {
        mark_pointer(l, model->fields[i].status.field);
        err = read_field(l, i);
    }
    if (err == ERR_OK) {
        err = read_pairs(l);
    }
    return err == ERR_OK ? walk_from(l, l->node, l->prefix) : err;
}

/* The time at f below node, else otherwise. */
static struct decode_time time_at(struct decode_work *w, const struct tree *node,
                                  const struct time_field *f,
                                  struct decode_time otherwise)
{
    const struct tree *found = f->field == NULL ? NULL : decode_find(node, f->field);
    return found == NULL || tree_is(found, TREE_NULL) ? otherwise
                                                      : decode_read_time(w, found, f);
}

static enum err read_records(struct lookup *root, const struct tree *records)
{
    const struct sensor_model *model = root->scope->model;
    struct decode_scope scope = *root->scope;
    struct lookup l = {
        .w = root->w, .scope = &scope, .shared = root->shared, .done = root->done};
    enum err err = ERR_OK;
    size_t i = 0;
    for (l.node = tree_first(records); err == ERR_OK && l.node != NULL;
         l.node = l.node->next) {
        l.prefix = element_pointer(l.w, root->prefix, model->records.field, i++);
        l.done_count = 0;
        scope.time = time_at(l.w, l.node, &model->records.time, root->scope->time);
        mark_pointer(&l, model->records.time.field);
        err = read_place(&l);
    }
    return err;
}

/* Which fields several entries name. NULL: the arena is full. */
static const unsigned char *find_shared(struct arena *a, const struct sensor_model *model)
{
    unsigned char *shared = arena_take_zero(a, model->field_count + 1, 1);
    for (size_t i = 1; shared != NULL && i < model->field_count; i++) {
        for (size_t j = 0; j < i && shared[i] == SHARED_NO; j++) {
            if (strcmp(model->fields[i].field, model->fields[j].field) == 0) {
                shared[j] = SHARED_FIRST;
                shared[i] = SHARED_LATER;
            }
        }
    }
    return shared;
}

enum err decode_read_values(struct decode_work *w, const struct tree *values,
                            const char *prefix, const char *device)
{
    struct decode_scope scope = {device, decode_find_model(w, device), w->time};
    struct lookup l = {.w = w, .scope = &scope, .node = values, .prefix = prefix};
    const struct sensor_model *model = scope.model;
    if (model == NULL) {
        return walk_from(&l, values, prefix);
    }
    size_t most = 2 * model->field_count + OTHER_NODES;
    l.done = arena_take(w->arena, most * sizeof *l.done);
    l.shared = find_shared(w->arena, model);
    if (l.done == NULL || l.shared == NULL) {
        w->full = true;
        return ERR_FULL;
    }
    scope.time = time_at(w, values, &model->time, w->time);
    mark_pointer(&l, model->time.field);
    const char *at = model->records.field;
    const struct tree *records = at == NULL ? NULL : decode_find(values, at);
    records = tree_is(records, TREE_ARRAY) ? records : NULL;
    mark_done(&l, records);
    enum err err = read_place(&l);
    return err == ERR_OK ? read_records(&l, records) : err;
}
