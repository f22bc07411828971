/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/fixture.h"

#include "base/text.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void fixture_folder(char to[256])
{
    const char *base = getenv("TMPDIR");
    snprintf(to, 256, "%s/kogge-test-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(to) == NULL) {
        perror(to);
        abort();
    }
}

void fixture_in_memory(void)
{
    if (access("/dev/shm", W_OK) == 0) {
        setenv("TMPDIR", "/dev/shm", 0);
    }
}

bool fixture_is_whole(void)
{
    return getenv("KOGGE_LONG") != NULL;
}

const char *fixture_sample(void)
{
    return fixture_is_whole() ? "" : " of a sample";
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
    (void)s;
    (void)type;
    (void)ftw;
    return remove(path);
}

void fixture_remove(const char *folder)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool fixture_shared_data(const char *name)
{
    if (access(SHARED_DATA, R_OK) == 0) {
        return true;
    }
    printf("SKIP %s: no reference data at %s\n", name, SHARED_DATA);
    return false;
}

void fixture_limit_files(rlim_t most)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = most;
    setrlimit(RLIMIT_FSIZE, &limit);
}
