/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/command.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Passwords and tokens stay in this process: no core dump, nobody else of this user may
 * look into its memory, and only files that are meant for others are readable for them.
 * The address sanitizer does look, for leaks. */
static void keep_to_itself(void)
{
    const struct rlimit none = {0, 0};
    umask(0077);
    setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

int main(int argc, char **argv)
{
    keep_to_itself();
    signal(SIGPIPE, SIG_IGN);
    int code = command_line(argc, argv);
    if (fflush(stdout) != 0 && code == EXIT_DONE) {
        fputs("kogge: the output could not be written\n", stderr);
        code = EXIT_FAILED;
    }
    return code;
}
