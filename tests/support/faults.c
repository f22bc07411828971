/* SPDX-License-Identifier: EUPL-1.2 */
/* Faults for the very program that ships: a library that is preloaded (LD_PRELOAD) and
 * stands between program and libc. KOGGE_FAULTS says what it does, comma separated:
 *   kill=N       SIGKILL at the N-th point. Every call that is counted has two points:
 * one before it, one after it only=KINDS   which calls count, joined by +; without it all
 * do sync    fsync, fdatasync send    send, sendto, sendmsg, write, writev on a TCP
 * socket; but no PINGRESP of MQTT: the hub's pulse sends them by the clock rename rename,
 * renameat, renameat2, link, unlink, unlinkat write   pwrite, write, writev to a file
 *   count=FILE   at exit, "KIND CALLS" line by line and "points N" are written there
 *   sync_ms=N    each fsync and fdatasync takes so much longer
 *   poison=TEXT  abort where strtod is given a text that begins so: a message with this
 * number kills who decodes it
 * Threads: any number; points are counted over all of them. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { KIND_SYNC, KIND_SEND, KIND_RENAME, KIND_WRITE, KINDS };

static const char *const kind_names[KINDS] = {"sync", "send", "rename", "write"};
static bool counted[KINDS] = {true, true, true, true};
static long kill_at;
static long sync_ms;
static char count_file[1024];
static char poison[64];
static atomic_long calls[KINDS];
static atomic_long points;

static void refuse(const char *part)
{
    fprintf(stderr,
            "KOGGE_FAULTS: \"%s\" is not kill=N, only=KINDS, count=FILE, sync_ms=N or "
            "poison=TEXT\n",
            part);
    _exit(2);
}

static long take_number(const char *part, const char *value)
{
    char *end = NULL;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < 1) {
        refuse(part);
    }
    return number;
}

static void take_kinds(const char *part, char *value)
{
    memset(counted, 0, sizeof counted);
    for (char *name; (name = strsep(&value, "+")) != NULL;) {
        size_t k = 0;
        while (k < KINDS && strcmp(name, kind_names[k]) != 0) {
            k++;
        }
        if (k == KINDS) {
            refuse(part);
        }
        counted[k] = true;
    }
}

static void take_part(char *part)
{
    char copy[sizeof count_file];
    snprintf(copy, sizeof copy, "%s", part);
    char *value = copy;
    const char *key = strsep(&value, "=");
    value = value != NULL ? value : copy + strlen(copy);
    if (strcmp(key, "kill") == 0) {
        kill_at = take_number(part, value);
    } else if (strcmp(key, "sync_ms") == 0) {
        sync_ms = take_number(part, value);
    } else if (strcmp(key, "poison") == 0 && strlen(value) < sizeof poison) {
        memcpy(poison, value, strlen(value) + 1);
    } else if (strcmp(key, "only") == 0) {
        take_kinds(part, value);
    } else if (strcmp(key, "count") == 0 && *value != '\0') {
        memcpy(count_file, value, strlen(value) + 1);
    } else {
        refuse(part);
    }
}

static void read_settings(void)
{
    const char *text = getenv("KOGGE_FAULTS");
    char *copy = text != NULL ? strdup(text) : NULL;
    char *rest = copy;
    for (char *part; (part = strsep(&rest, ",")) != NULL;) {
        take_part(part);
    }
    free(copy);
}

/* Libraries may call us before our own constructor has run. */
static void set_up(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_settings);
}

__attribute__((constructor)) static void begin(void)
{
    set_up();
}

__attribute__((destructor)) static void write_counts(void)
{
    FILE *file = count_file[0] != '\0' ? fopen(count_file, "w") : NULL;
    if (file == NULL) {
        return;
    }
    for (size_t k = 0; k < KINDS; k++) {
        fprintf(file, "%s %ld\n", kind_names[k], atomic_load(&calls[k]));
    }
    fprintf(file, "points %ld\n", atomic_load(&points));
    fclose(file);
}

static void pass_point(void)
{
    if (atomic_fetch_add(&points, 1) + 1 == kill_at) {
        kill(getpid(), SIGKILL);
    }
}

static void before(enum kind kind)
{
    set_up();
    if (kind < KINDS && counted[kind]) {
        atomic_fetch_add(&calls[kind], 1);
        pass_point();
    }
}

static void after(enum kind kind)
{
    int of_the_call = errno;
    if (kind < KINDS && counted[kind]) {
        pass_point();
    }
    errno = of_the_call;
}

/* KINDS: neither a file nor a connection to elsewhere, so of no interest. */
static enum kind kind_of(int fd)
{
    struct stat st;
    int domain = 0;
    socklen_t size = sizeof domain;
    int before_us = errno;
    enum kind kind = KINDS;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        kind = KIND_WRITE;
    } else if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
               domain != AF_UNIX) {
        kind = KIND_SEND;
    }
    errno = before_us;
    return kind;
}

static void sleep_ms(long ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static int sync_file(long number, int fd)
{
    before(KIND_SYNC);
    if (sync_ms > 0) {
        sleep_ms(sync_ms);
    }
    int result = (int)syscall(number, fd);
    after(KIND_SYNC);
    return result;
}

int fsync(int fd)
{
    return sync_file(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_file(SYS_fdatasync, fd);
}

static bool is_pulse(const void *bytes, size_t size)
{
    static const unsigned char pingresp[] = {0xD0, 0};
    return size == sizeof pingresp && memcmp(bytes, pingresp, size) == 0;
}

static ssize_t send_bytes(int fd, const void *bytes, size_t size, int flags,
                          const struct sockaddr *to, socklen_t to_size)
{
    enum kind kind = is_pulse(bytes, size) ? KINDS : kind_of(fd);
    before(kind);
    ssize_t result = syscall(SYS_sendto, fd, bytes, size, flags, to, to_size);
    after(kind);
    return result;
}

/* The type is that of glibc's header, a union of all kinds of addresses. */
ssize_t sendto(int fd, const void *bytes, size_t size, int flags, __CONST_SOCKADDR_ARG to,
               socklen_t to_size)
{
    return send_bytes(fd, bytes, size, flags, to.__sockaddr__, to_size);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    return send_bytes(fd, bytes, size, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    enum kind kind = kind_of(fd);
    before(kind);
    ssize_t result = syscall(SYS_sendmsg, fd, message, flags);
    after(kind);
    return result;
}

ssize_t write(int fd, const void *bytes, size_t size)
{
    enum kind kind = kind_of(fd);
    before(kind);
    ssize_t result = syscall(SYS_write, fd, bytes, size);
    after(kind);
    return result;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    enum kind kind = kind_of(fd);
    before(kind);
    ssize_t result = syscall(SYS_writev, fd, parts, count);
    after(kind);
    return result;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    before(KIND_WRITE);
    ssize_t result = syscall(SYS_pwrite64, fd, bytes, size, at);
    after(KIND_WRITE);
    return result;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    return pwrite64(fd, bytes, size, at);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to,
              unsigned int flags)
{
    before(KIND_RENAME);
    int result = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
    after(KIND_RENAME);
    return result;
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return renameat2(from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int link(const char *from, const char *to)
{
    before(KIND_RENAME);
    int result = (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
    after(KIND_RENAME);
    return result;
}

int unlinkat(int folder, const char *path, int flags)
{
    before(KIND_RENAME);
    int result = (int)syscall(SYS_unlinkat, folder, path, flags);
    after(KIND_RENAME);
    return result;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

double strtod(const char *text, char **end)
{
    typedef double function(const char *text, char **end);
    static _Atomic(function *) real;
    function *next = atomic_load(&real);
    set_up();
    if (next == NULL) {
        next = (function *)(uintptr_t)dlsym(RTLD_NEXT, "strtod");
        atomic_store(&real, next);
    }
    if (poison[0] != '\0' && strncmp(text, poison, strlen(poison)) == 0) {
        abort();
    }
    return next(text, end);
}
