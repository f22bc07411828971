/* SPDX-License-Identifier: EUPL-1.2 */
#include "app/progress.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    EVERY_US = 100000,
    SURE_US = 1000000, /* before, how long it takes is a guess */
};

void progress_init(struct progress *p, const struct invocation *i)
{
    const char *terminal = getenv("TERM");
    bool dumb = terminal == NULL || strcmp(terminal, "dumb") == 0;
    *p = (struct progress){.name = i->command->name,
                           .wanted = !i->quiet && !dumb && isatty(STDERR_FILENO),
                           .begin_us = clock_monotonic_us()};
}

void progress_wipe(struct progress *p)
{
    if (p->width > 0) {
        fprintf(stderr, "\r%*s\r", p->width, "");
        p->width = 0;
    }
}

void progress_show(struct progress *p, const char *what, int64_t done, int64_t of,
                   const char *unit)
{
    int64_t now_us = clock_monotonic_us();
    int64_t passed_us = now_us - p->begin_us;
    if (!p->wanted || of < 1 || (p->width > 0 && now_us - p->shown_us < EVERY_US)) {
        return;
    }
    progress_wipe(p);
    p->shown_us = now_us;
    p->width = fprintf(stderr, "%s: %s, %lld of %lld%s done", p->name, what,
                       (long long)done, (long long)of, unit);
    if (done > 0 && done < of && passed_us > SURE_US) {
        double left_us = (double)passed_us * (double)(of - done) / (double)done;
        p->width += fprintf(stderr, ", about %.0f s still", left_us / CLOCK_US_PER_S);
    }
    fflush(stderr);
}
