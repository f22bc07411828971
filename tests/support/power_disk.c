/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/power_disk.h"

#include "base/text.h"
#include "support/assert_close.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = 16, STATES = 16, PATH = 512 };

struct image {
    unsigned char *bytes;
    size_t size, room;
};

/* A write, or a truncation to offset, that was not synced. */
struct change {
    struct change *next;
    size_t offset, size;
    bool truncates;
    bool doomed; /* a sync of it failed */
    unsigned char bytes[];
};

struct inode {
    struct image synced;
    struct change *first, *last;
    int open;
    struct inode *next;
};

/* What a name stood for, the first one certainly; NULL: nothing. */
struct name {
    char path[PATH];
    struct inode *states[STATES];
    int count;
};

static struct {
    char folder[PATH];
    struct name names[NAMES];
    int name_count;
    struct inode *inodes;
    int open;
    uint64_t random;
} disk;

/* splitmix64, so that a seed gives the same everywhere */
uint32_t disk_draw(uint32_t below)
{
    uint64_t z = disk.random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ (z >> 31)) >> 32) % below;
}

static void fill_with_rubbish(unsigned char *to, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        to[i] = (unsigned char)disk_draw(256);
    }
}

/* --- bytes of a file --- */

/* Makes it at least size bytes long: zeros between. */
static void image_reach(struct image *i, size_t size)
{
    if (size > i->room) {
        size_t room = size * 2 + 4096;
        unsigned char *bytes = realloc(i->bytes, room);
        assert_non_null(bytes);
        i->bytes = bytes;
        i->room = room;
    }
    if (size > i->size) {
        memset(i->bytes + i->size, 0, size - i->size);
        i->size = size;
    }
}

static void image_put(struct image *i, size_t offset, const unsigned char *bytes,
                      size_t size)
{
    if (size > 0) {
        image_reach(i, offset + size);
        memcpy(i->bytes + offset, bytes, size);
    }
}

static void image_spoil(struct image *i, size_t offset, size_t size)
{
    if (size > 0) {
        image_reach(i, offset + size);
        fill_with_rubbish(i->bytes + offset, size);
    }
}

static void image_apply(struct image *i, const struct change *c)
{
    if (!c->truncates) {
        image_put(i, c->offset, c->bytes, c->size);
    } else if (c->offset < i->size) {
        i->size = c->offset;
    }
}

/* Each stretch of the write is old, new or rubbish; nothing beside it is touched. */
static void image_tear(struct image *i, const struct change *c)
{
    size_t length = 0;
    for (size_t at = 0; at < c->size; at += length) {
        length = 1 + disk_draw((uint32_t)(c->size - at));
        switch (disk_draw(3)) {
        case 0:
            image_put(i, c->offset + at, c->bytes + at, length);
            break;
        case 1:
            image_spoil(i, c->offset + at, length);
            break;
        default:
            break;
        }
    }
}

/* Each sector that the write touches is old, new or rubbish, the bytes beside it too. */
static void image_destroy(struct image *i, const struct change *c, size_t sector)
{
    size_t end = c->offset + c->size;
    for (size_t at = c->offset / sector * sector; at < end; at += sector) {
        size_t from = at > c->offset ? at : c->offset;
        size_t to = at + sector < end ? at + sector : end;
        size_t last = at + sector < i->size ? at + sector : i->size;
        switch (disk_draw(3)) {
        case 0:
            image_put(i, from, c->bytes + (from - c->offset), to - from);
            break;
        case 1:
            image_spoil(i, at, (last > to ? last : to) - at);
            break;
        default:
            break;
        }
    }
}

/* What became of one change in the cut; one in of eight is kept whole. */
static void image_settle(struct image *i, const struct change *c, enum power_mode mode,
                         uint32_t kept)
{
    bool whole = mode == POWER_KEEP || (mode != POWER_LOSE && disk_draw(8) < kept);
    if (whole) {
        image_apply(i, c);
    } else if (mode == POWER_TEAR) {
        image_tear(i, c);
    } else if (mode == POWER_SECTORS_512 || mode == POWER_SECTORS_4096) {
        image_destroy(i, c, mode == POWER_SECTORS_512 ? 512 : 4096);
    }
}

/* --- files --- */

static struct inode *new_inode(void)
{
    struct inode *inode = calloc(1, sizeof *inode);
    assert_non_null(inode);
    inode->next = disk.inodes;
    disk.inodes = inode;
    return inode;
}

static void forget_changes(struct inode *inode)
{
    while (inode->first != NULL) {
        struct change *c = inode->first;
        inode->first = c->next;
        free(c);
    }
    inode->last = NULL;
}

static void free_inodes(struct inode *list)
{
    while (list != NULL) {
        struct inode *next = list->next;
        forget_changes(list);
        free(list->synced.bytes);
        free(list);
        list = next;
    }
}

static void add_change(struct inode *inode, struct change *c)
{
    if (inode->last != NULL) {
        inode->last->next = c;
    } else {
        inode->first = c;
    }
    inode->last = c;
}

void disk_write(struct inode *inode, const void *bytes, size_t size, int64_t offset)
{
    struct change *c = calloc(1, sizeof *c + size);
    assert_non_null(c);
    c->offset = (size_t)offset;
    c->size = size;
    memcpy(c->bytes, bytes, size);
    add_change(inode, c);
}

void disk_truncate(struct inode *inode, int64_t size)
{
    struct change *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->offset = (size_t)size;
    c->truncates = true;
    add_change(inode, c);
}

void disk_sync(struct inode *inode)
{
    for (const struct change *c = inode->first; c != NULL; c = c->next) {
        if (!c->doomed || disk_draw(2) == 0) {
            image_apply(&inode->synced, c);
        }
    }
    forget_changes(inode);
}

void disk_sync_failed(struct inode *inode)
{
    for (struct change *c = inode->first; c != NULL; c = c->next) {
        c->doomed = true;
    }
}

/* --- names --- */

bool disk_is_below(const char *path)
{
    size_t length = strlen(disk.folder);
    return length > 0 && strncmp(path, disk.folder, length) == 0 && path[length] == '/';
}

static struct name *find_name(const char *path)
{
    for (int i = 0; i < disk.name_count; i++) {
        if (strcmp(disk.names[i].path, path) == 0) {
            return &disk.names[i];
        }
    }
    assert_true(disk.name_count < NAMES);
    struct name *n = &disk.names[disk.name_count++];
    *n = (struct name){.count = 1};
    text_copy(n->path, sizeof n->path, path);
    return n;
}

static void add_state(struct name *n, struct inode *inode)
{
    assert_true(n->count < STATES);
    n->states[n->count++] = inode;
}

struct inode *disk_open(const char *path)
{
    struct name *n = find_name(path);
    if (n->states[n->count - 1] == NULL) {
        add_state(n, new_inode());
    }
    struct inode *inode = n->states[n->count - 1];
    disk.open++;
    inode->open++;
    return inode;
}

void disk_closed(struct inode *inode)
{
    disk.open--;
    inode->open--;
    for (struct change *c = inode->first; c != NULL && inode->open == 0; c = c->next) {
        c->doomed = false;
    }
}

void disk_delete(const char *path)
{
    add_state(find_name(path), NULL);
}

void disk_sync_folder(void)
{
    for (int i = 0; i < disk.name_count; i++) {
        struct name *n = &disk.names[i];
        n->states[0] = n->states[n->count - 1];
        n->count = 1;
    }
}

/* --- start, restore --- */

static void write_whole(const char *path, int flags, const unsigned char *bytes,
                        size_t size)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0600);
    assert_true(fd >= 0);
    assert_true(size == 0 || write(fd, bytes, size) == (ssize_t)size);
    assert_int_equal(close(fd), 0);
}

/* Nothing of it was ever synced. */
static void spoil_shm(const struct name *n)
{
    char path[PATH + 4];
    unsigned char rubbish[4096];
    snprintf(path, sizeof path, "%s-shm", n->path);
    if (access(path, F_OK) == 0) {
        fill_with_rubbish(rubbish, sizeof rubbish);
        write_whole(path, 0, rubbish, sizeof rubbish);
    }
}

static void restore_name(struct name *n, enum power_mode mode)
{
    int state = mode == POWER_LOSE   ? 0
                : mode == POWER_KEEP ? n->count - 1
                                     : (int)disk_draw((uint32_t)n->count);
    struct inode *inode = n->states[state];
    static const uint32_t shares[] = {1, 4, 7};
    uint32_t kept = shares[disk_draw(3)];
    spoil_shm(n);
    n->count = 1;
    n->states[0] = NULL;
    if (inode == NULL) {
        unlink(n->path);
        return;
    }
    for (const struct change *c = inode->first; c != NULL; c = c->next) {
        image_settle(&inode->synced, c, mode, kept);
    }
    write_whole(n->path, O_CREAT | O_TRUNC, inode->synced.bytes, inode->synced.size);
    n->states[0] = new_inode();
    n->states[0]->synced = inode->synced;
    inode->synced = (struct image){.bytes = NULL};
}

void disk_restore(enum power_mode mode)
{
    assert_int_equal(disk.open, 0);
    struct inode *before = disk.inodes;
    disk.inodes = NULL;
    for (int i = 0; i < disk.name_count; i++) {
        restore_name(&disk.names[i], mode);
    }
    free_inodes(before);
}

void disk_leave(void)
{
    assert_int_equal(disk.open, 0);
    disk.folder[0] = '\0';
}

void disk_start(const char *folder, uint64_t seed)
{
    assert_int_equal(disk.open, 0);
    for (int i = 0; i < disk.name_count; i++) {
        char shm[PATH + 4];
        snprintf(shm, sizeof shm, "%s-shm", disk.names[i].path);
        unlink(shm);
        unlink(disk.names[i].path);
    }
    free_inodes(disk.inodes);
    disk.inodes = NULL;
    disk.name_count = 0;
    disk.random = seed;
    char *whole = realpath(folder, NULL); /* as SQLite names it */
    assert_non_null(whole);
    text_copy(disk.folder, sizeof disk.folder, whole);
    free(whole);
}
