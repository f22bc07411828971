/* SPDX-License-Identifier: EUPL-1.2 */
#include "support/power_vfs.h"

#include "store/sqlite.h"
#include "support/power_disk.h"

#include <stdio.h>
#include <string.h>

/* What SQLite calls: each call may fail, each change may be the last one. */

enum call { CALL_ANY, CALL_TAKES_ROOM };

struct power_file {
    sqlite3_file base;
    struct inode *inode; /* NULL: of another folder, or temporary */
    bool syncs_folder;   /* a new log or journal: its first sync is one of its name */
};

static struct {
    sqlite3_vfs vfs, *real;
    enum power_mode mode;
    bool off;
    int64_t changes, cut_at;
    int64_t calls[POWER_FAULTS];
    enum power_fault fault;
    int64_t fail_from, fail_before; /* calls[fault] of the first, and behind the last */
} power;

const char *const power_mode_names[POWER_MODES] = {"lose", "keep",        "reorder",
                                                   "tear", "sectors-512", "sectors-4096"};
const char *const power_fault_names[POWER_FAULTS] = {"EIO", "ENOSPC"};

static struct power_file *file_of(sqlite3_file *f)
{
    return (struct power_file *)(void *)f;
}

static sqlite3_file *real_of(sqlite3_file *f)
{
    return (sqlite3_file *)(void *)(file_of(f) + 1);
}

/* SQLITE_OK; code if there is no power, or the disk fails; SQLITE_FULL. */
static int call(enum call kind, int code)
{
    int result = power.off ? code : SQLITE_OK;
    for (int f = 0; f < POWER_FAULTS && !power.off; f++) {
        if (f == POWER_ENOSPC && kind != CALL_TAKES_ROOM) {
            continue;
        }
        int64_t n = ++power.calls[f];
        if (f == (int)power.fault && n >= power.fail_from && n < power.fail_before) {
            result = f == POWER_ENOSPC ? SQLITE_FULL : code;
        }
    }
    return result;
}

/* One change of the disk is about to be made; true: the power went before it was. */
static bool is_cut(void)
{
    power.off = power.off || ++power.changes == power.cut_at;
    return power.off;
}

static bool is_without_psow(void)
{
    return power.mode == POWER_SECTORS_512 || power.mode == POWER_SECTORS_4096;
}

/* --- files --- */

static int close_file(sqlite3_file *f)
{
    if (file_of(f)->inode != NULL) {
        disk_closed(file_of(f)->inode);
    }
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int read_file(sqlite3_file *f, void *to, int size, sqlite3_int64 offset)
{
    int code = file_of(f)->inode == NULL ? SQLITE_OK : call(CALL_ANY, SQLITE_IOERR_READ);
    return code != SQLITE_OK ? code
                             : real_of(f)->pMethods->xRead(real_of(f), to, size, offset);
}

static int write_file(sqlite3_file *f, const void *bytes, int size, sqlite3_int64 offset)
{
    struct inode *inode = file_of(f)->inode;
    if (inode == NULL) {
        return real_of(f)->pMethods->xWrite(real_of(f), bytes, size, offset);
    }
    if (power.off) {
        return SQLITE_IOERR_WRITE;
    }
    int code = call(CALL_TAKES_ROOM, SQLITE_IOERR_WRITE);
    if (code != SQLITE_OK) { /* a part of it may be there */
        size = (int)disk_draw((uint32_t)size + 1);
    }
    if (size > 0) {
        disk_write(inode, bytes, (size_t)size, offset);
    }
    if (code == SQLITE_OK && is_cut()) {
        return SQLITE_IOERR_WRITE;
    }
    int written = real_of(f)->pMethods->xWrite(real_of(f), bytes, size, offset);
    return code != SQLITE_OK ? code : written;
}

static int truncate_file(sqlite3_file *f, sqlite3_int64 size)
{
    struct inode *inode = file_of(f)->inode;
    int code = inode == NULL ? SQLITE_OK : call(CALL_ANY, SQLITE_IOERR_TRUNCATE);
    if (code != SQLITE_OK) {
        return code;
    }
    if (inode != NULL) {
        disk_truncate(inode, size);
        if (is_cut()) {
            return SQLITE_IOERR_TRUNCATE;
        }
    }
    return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

/* As the VFS for Unix does it: the folder's sync comes behind the file's, with the first
 * sync of a log or journal, and whether it fails is not looked at. The real file is not
 * synced: its power stays on. */
static int sync_file(sqlite3_file *f, int flags)
{
    (void)flags;
    struct power_file *file = file_of(f);
    if (file->inode == NULL) {
        return SQLITE_OK;
    }
    int code = call(CALL_ANY, SQLITE_IOERR_FSYNC);
    if (code != SQLITE_OK) {
        if (!power.off) {
            disk_sync_failed(file->inode);
        }
        return code;
    }
    if (is_cut()) {
        return SQLITE_IOERR_FSYNC;
    }
    disk_sync(file->inode);
    if (file->syncs_folder && !is_cut()) {
        disk_sync_folder();
    }
    file->syncs_folder = false;
    return SQLITE_OK;
}

static int size_file(sqlite3_file *f, sqlite3_int64 *size)
{
    int code = file_of(f)->inode == NULL ? SQLITE_OK : call(CALL_ANY, SQLITE_IOERR_FSTAT);
    return code != SQLITE_OK ? code : real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int lock_file(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int unlock_file(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int check_lock(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int control_file(sqlite3_file *f, int what, void *arg)
{
    /* room made in advance would not be seen here */
    return what == SQLITE_FCNTL_SIZE_HINT
               ? SQLITE_OK
               : real_of(f)->pMethods->xFileControl(real_of(f), what, arg);
}

static int sector_size(sqlite3_file *f)
{
    (void)f;
    return power.mode == POWER_SECTORS_512 ? 512 : 4096;
}

static int characteristics(sqlite3_file *f)
{
    (void)f;
    return is_without_psow() ? 0 : SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int map_shm(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    enum call kind = extend ? CALL_TAKES_ROOM : CALL_ANY;
    int code = file_of(f)->inode == NULL ? SQLITE_OK : call(kind, SQLITE_IOERR_SHMMAP);
    if (code != SQLITE_OK) {
        *out = NULL;
        return code == SQLITE_FULL ? SQLITE_IOERR_SHMSIZE : code;
    }
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}

static int lock_shm(sqlite3_file *f, int offset, int count, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), offset, count, flags);
}

static void barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int unmap_shm(sqlite3_file *f, int remove)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* no memory-mapped files: they are off by default */
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = map_shm,
    .xShmLock = lock_shm,
    .xShmBarrier = barrier,
    .xShmUnmap = unmap_shm,
};

/* --- the folder --- */

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags,
                     int *out_flags)
{
    (void)vfs;
    enum { LOGS = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL };
    struct power_file *file = file_of(f);
    bool ours = path != NULL && disk_is_below(path);
    bool makes = (flags & SQLITE_OPEN_CREATE) != 0;
    *file = (struct power_file){.base = {.pMethods = NULL}};
    if (ours && call(makes ? CALL_TAKES_ROOM : CALL_ANY, SQLITE_CANTOPEN) != SQLITE_OK) {
        return SQLITE_CANTOPEN;
    }
    int code = power.real->xOpen(power.real, path, real_of(f), flags, out_flags);
    if (code != SQLITE_OK) {
        return code;
    }
    if (ours) {
        file->inode = disk_open(path);
        file->syncs_folder = makes && (flags & LOGS) != 0;
    }
    file->base.pMethods = &methods;
    return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    (void)vfs;
    if (!disk_is_below(path)) {
        return power.real->xDelete(power.real, path, sync_folder);
    }
    int code = call(CALL_ANY, SQLITE_IOERR_DELETE);
    if (code != SQLITE_OK || is_cut()) {
        return SQLITE_IOERR_DELETE;
    }
    code = power.real->xDelete(power.real, path, 0);
    if (code == SQLITE_OK) {
        disk_delete(path);
    }
    if (code == SQLITE_OK && sync_folder != 0) {
        if (is_cut()) {
            return SQLITE_IOERR_DIR_FSYNC;
        }
        disk_sync_folder();
    }
    return code;
}

static int access_file(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    (void)vfs;
    int code = disk_is_below(path) ? call(CALL_ANY, SQLITE_IOERR_ACCESS) : SQLITE_OK;
    return code != SQLITE_OK ? code : power.real->xAccess(power.real, path, flags, out);
}

/* --- what the test says --- */

void power_vfs_install(void)
{
    sqlite_setup();
    power.real = sqlite3_vfs_find(NULL);
    power.vfs = *power.real;
    power.vfs.zName = "power";
    power.vfs.szOsFile = (int)sizeof(struct power_file) + power.real->szOsFile;
    power.vfs.xOpen = open_file;
    power.vfs.xDelete = delete_file;
    power.vfs.xAccess = access_file;
    sqlite3_vfs_register(&power.vfs, 1);
}

void power_vfs_start(const char *folder, enum power_mode mode, uint64_t seed)
{
    disk_start(folder, seed * POWER_MODES + mode);
    power.mode = mode;
    power.off = false;
    power.changes = power.cut_at = 0;
    memset(power.calls, 0, sizeof power.calls);
    power_vfs_heal();
}

int64_t power_vfs_changes(void)
{
    return power.changes;
}

void power_vfs_cut_at(int64_t n)
{
    power.cut_at = n;
}

void power_vfs_cut(void)
{
    power.off = true;
}

bool power_vfs_is_off(void)
{
    return power.off;
}

void power_vfs_leave(void)
{
    disk_leave();
}

void power_vfs_restore(void)
{
    power.cut_at = 0;
    disk_restore(power.mode);
    power.off = false;
}

int64_t power_vfs_calls(enum power_fault fault)
{
    return power.calls[fault];
}

void power_vfs_fail_at(enum power_fault fault, int64_t n, int64_t times)
{
    power.fault = fault;
    power.fail_from = n;
    power.fail_before = n + times;
}

void power_vfs_heal(void)
{
    power.fault = POWER_FAULTS;
}
