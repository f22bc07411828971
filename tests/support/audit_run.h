/* SPDX-License-Identifier: EUPL-1.2 */
#ifndef SUPPORT_AUDIT_RUN_H
#define SUPPORT_AUDIT_RUN_H

/* Runs `kogge audit` over a data folder, in this process. A failure ends the test. */

enum { AUDIT_TEXT = 8192 };

/* Gives the exit code; what it printed goes to text. option: one more word, or NULL. */
int audit_run(const char *folder, const char *option, char text[AUDIT_TEXT]);

/* All identities hold, or the test fails with what was printed. */
void audit_expect_right(const char *folder);

#endif
