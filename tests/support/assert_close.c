/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/assert_close.h"

#include <math.h>

void assert_close_at(double actual, double expected, double tolerance, const char *file,
                     int line)
{
    if (isnan(actual) && isnan(expected)) {
        return;
    }
    if (!(fabs(actual - expected) <= tolerance)) {
        print_error("%.17g is not within %g of %.17g\n", actual, tolerance, expected);
        _fail(file, line);
    }
}
