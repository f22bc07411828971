/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef NORMALISE_UNIT_H
#define NORMALISE_UNIT_H

/* Units of measurement: text from a device to the canonical unit of a quantity. First the
 * alias table, then UDUNITS-2. Threads: one owner at a time (UDUNITS-2 is not
 * thread-safe).
 */

#include "base/diag.h"
#include "base/err.h"
#include "model/configuration.h"

#include <stdbool.h>

enum { UNIT_TEXT_MOST = 64 }; /* bytes of a unit's text; a longer one is refused */

struct units; /* opaque */

/* Reads UDUNITS-2's database and the aliases of c (borrowed: c outlives the result).
 * ERR_IO: no database, ERR_MEMORY. Free with units_close. */
MUST_USE enum err units_open(const struct configuration *c, struct units **out,
                             struct diag *d);
void units_close(struct units *u); /* u may be NULL */

/* True if memory ran out since the last call: then what was said of units since is not to
 * be believed, and was not kept. Ask after whatever has no other way to say so. */
bool units_ran_out(struct units *u);

/* Converts value, given in the unit named by text, to the unit named by to.
 *   text   UTF-8 as received, e.g. "mg/L", "°C"; borrowed for the call
 *   out    in to; untouched on failure
 * ERR_UNIT   text is no unit, is refused, or its dimension does not fit (REJECT; d says)
 * Relative error below 1e-12 for linear units; powers of ten are exact (1234 mm is the
 * double nearest to 1.234 m). Converters are kept, at most 512, the oldest make room: the
 * second call with the same texts costs a look-up, and none if text equals to. */
MUST_USE enum err unit_convert(struct units *u, double value, const char *text,
                               const char *to, double *out, struct diag *d);

/* What a unit of text is to one of to. */
enum unit_match {
    UNIT_SAME,  /* the same unit, maybe by another name: the number stays */
    UNIT_FITS,  /* of the same dimension */
    UNIT_RATIO, /* ratios of another scale (1, %, 1e-3): only for who knows it is one */
    UNIT_OTHER, /* of another dimension, reciprocal, or dimensionless and not the same */
    UNIT_REFUSED, /* text must not be read: by the alias table, or no text at all */
    UNIT_UNKNOWN, /* nobody knows text: an alias can be added */
};
enum unit_match unit_compare(struct units *u, const char *text, const char *to);

/* ERR_OK if text names a unit (alias or UDUNITS-2). */
MUST_USE enum err unit_check(struct units *u, const char *text, struct diag *d);

/* True if a and b name the same unit (after the alias rule), e.g. "Cel" and "degC". */
bool unit_same(struct units *u, const char *a, const char *b);

/* True if a unit of text can be converted to one of to. A dimensionless unit fits only
 * the same unit by name. */
bool unit_fits(struct units *u, const char *text, const char *to);

/* How text is looked up, for people. */
struct unit_look {
    char folded[UNIT_TEXT_MOST + 1]; /* text by the rule for look-ups, cut at its size */
    const struct unit_alias
        *alias;       /* that text stands for; NULL: none. Borrowed from u */
    bool as_received; /* the alias is of text itself, not of folded */
    bool own;         /* the unit of a method: "NTU" */
};
void unit_look_up(const struct units *u, const char *text, struct unit_look *out);

/* The text by the rule for look-ups: runs of blanks one blank, none at the ends, dots a
 * point, superscripts as ^n or -n, one micro sign. Returns to (size bytes; cut at a whole
 * character). */
char *unit_fold(const char *text, char *to, unsigned long size);

#endif
