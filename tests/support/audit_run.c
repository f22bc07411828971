/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/audit_run.h"

#include "app/command.h"
#include "base/text.h"
#include "support/assert_close.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int audit_run(const char *folder, const char *option, char text[AUDIT_TEXT])
{
    char program[] = "kogge";
    char verb[] = "audit";
    char data[] = "--data";
    char where[300];
    char more[32] = "--quiet";
    char *words[] = {program, verb, data, where, more, NULL};
    text_copy(where, sizeof where, folder);
    if (option != NULL) {
        text_copy(more, sizeof more, option);
    }
    fflush(stdout);
    int before = dup(STDOUT_FILENO);
    FILE *to = tmpfile();
    assert_non_null(to);
    assert_true(dup2(fileno(to), STDOUT_FILENO) >= 0);
    int code = command_line(option != NULL ? 5 : 4, words);
    fflush(stdout);
    assert_true(dup2(before, STDOUT_FILENO) >= 0);
    close(before);
    rewind(to);
    size_t length = fread(text, 1, AUDIT_TEXT - 1, to);
    text[length] = '\0';
    fclose(to);
    return code;
}

void audit_expect_right(const char *folder)
{
    char text[AUDIT_TEXT];
    int code = audit_run(folder, NULL, text);
    if (code != EXIT_DONE) {
        fail_msg("audit: exit code %d\n%s", code, text);
    }
}
