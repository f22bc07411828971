/* SPDX-License-Identifier: EUPL-1.2 */
#include "decode/senml.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    int number; /* in CBOR */
    char type;  /* n number, s text, v value */
} labels[SENML_LABELS] = {
    [SENML_BN] = {"bn", -2, 's'}, [SENML_BT] = {"bt", -3, 'n'},
    [SENML_BU] = {"bu", -4, 's'}, [SENML_BV] = {"bv", -5, 'n'},
    [SENML_BS] = {"bs", -6, 'n'}, [SENML_BVER] = {"bver", -1, 'n'},
    [SENML_N] = {"n", 0, 's'},    [SENML_U] = {"u", 1, 's'},
    [SENML_V] = {"v", 2, 'v'},    [SENML_VS] = {"vs", 3, 'v'},
    [SENML_VB] = {"vb", 4, 'v'},  [SENML_VD] = {"vd", 8, 'v'},
    [SENML_S] = {"s", 5, 'n'},    [SENML_T] = {"t", 6, 'n'},
    [SENML_UT] = {"ut", 7, 'n'},
};

enum senml_label senml_label_of_name(const char *name, size_t length)
{
    int i = 0;
    while (i < SENML_LABELS && (strlen(labels[i].name) != length ||
                                memcmp(labels[i].name, name, length) != 0)) {
        i++;
    }
    return (enum senml_label)i;
}

enum senml_label senml_label_of_number(int64_t number)
{
    int i = 0;
    while (i < SENML_LABELS && labels[i].number != number) {
        i++;
    }
    return (enum senml_label)i;
}

enum err senml_check_unknown(const char *name, size_t length, struct diag *d)
{
    if (length > 0 && name[length - 1] == '_') {
        char shown[64];
        text_escape(shown, sizeof shown, name, length);
        diag_set(d, "SenML: \"%s\" must be understood and is not known", shown);
        return ERR_SYNTAX;
    }
    return ERR_OK;
}

static enum err refuse(struct diag *d, enum senml_label label, const char *why)
{
    diag_set(d, "SenML: %s %s", labels[label].name, why);
    return ERR_SYNTAX;
}

enum err senml_set(struct senml_record *r, enum senml_label label,
                   const struct decode_value *v, struct diag *d)
{
    if ((r->present & 1u << label) != 0) {
        return refuse(d, label, "stands twice in one record");
    }
    if (labels[label].type == 'v') {
        if (r->has_value) {
            return refuse(d, label, "stands beside another value in one record");
        }
        r->has_value = true;
        r->value = *v;
        if (label == SENML_VD) {
            r->value = (struct decode_value){.kind = DECODE_OTHER, .text = "binary data"};
        }
    } else if (v->kind == DECODE_NULL) {
        return ERR_OK;
    } else if (labels[label].type == 'n') {
        if (v->kind != DECODE_NUMBER || !isfinite(v->number)) {
            return refuse(d, label, "must be a number");
        }
        r->number[label] = v->number;
    } else {
        if (v->kind != DECODE_TEXT) {
            return refuse(d, label, "must be text");
        }
        r->text[label] = v->text;
    }
    r->present |= 1u << label;
    return ERR_OK;
}
