/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/command.h"

#include <signal.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    int code = command_line(argc, argv);
    if (fflush(stdout) != 0 && code == EXIT_DONE) {
        fputs("kogge: the output could not be written\n", stderr);
        code = EXIT_FAILED;
    }
    return code;
}
