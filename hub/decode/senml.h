/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef DECODE_SENML_H
#define DECODE_SENML_H

/* SenML (RFC 8428): one record at a time, whatever it was written in. Only files of
 * decode see this. */

#include "decode/value.h"

enum senml_label {
    SENML_BN,
    SENML_BT,
    SENML_BU,
    SENML_BV,
    SENML_BS,
    SENML_BVER,
    SENML_N,
    SENML_U,
    SENML_V,
    SENML_VS,
    SENML_VB,
    SENML_VD,
    SENML_S,
    SENML_T,
    SENML_UT,
    SENML_LABELS
};

/* One record as sent. Texts are borrowed for the call that takes it. */
struct senml_record {
    unsigned present; /* bit 1 << label */
    const char *text[SENML_LABELS];
    double number[SENML_LABELS];
    struct decode_value value; /* of v, vs, vb or vd, if has_value */
    bool has_value;
};

/* Takes each record of a pack, in order. */
struct senml_pack;
MUST_USE enum err senml_take_record(struct senml_pack *p, const struct senml_record *r);

/* The label by its JSON name, or its number in CBOR; SENML_LABELS: not known. */
enum senml_label senml_label_of_name(const char *name, size_t length);
enum senml_label senml_label_of_number(int64_t number);

/* Sets one field of r; ERR_SYNTAX: its type is wrong, or a second value (d says). */
MUST_USE enum err senml_set(struct senml_record *r, enum senml_label label,
                            const struct decode_value *v, struct diag *d);

/* ERR_SYNTAX if a field of this name may not be passed over: it ends in "_". */
MUST_USE enum err senml_check_unknown(const char *name, size_t length, struct diag *d);

/* Reads a pack in CBOR: size bytes, maps of w's message. ERR_SYNTAX, ERR_FULL. */
MUST_USE enum err senml_read_cbor(struct decode_work *w, struct senml_pack *p);

/* What a unit of the SenML registry means, where the text alone would say something else
 * or nothing: to is the unit that the value becomes with scale; NULL: the text is right
 * as it is. wanted is the unit it will be compared with, or NULL: a ratio becomes percent
 * only where percent is wanted.
 * Source: RFC 8428 12.1, RFC 8798. */
const char *senml_unit(const char *unit, const char *wanted, double *scale);

#endif
