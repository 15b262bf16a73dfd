/* A disk that a test can look into and can make fail: preloaded into a victim (LD_PRELOAD), it stands between the program
 * and the system calls that change files below one folder.
 *
 *   CX_DISK_ROOT    the folder; paths in the log are relative to it
 *   CX_DISK_LOG     a file that gets a record of each change, sync and acknowledgement, in the order in which they happened
 *   CX_DISK_FAULTS  what is to go wrong: OP PART NTH COUNT WHAT, several divided by ';'
 *                     OP     write (all kinds), sync (fsync, fdatasync) or any
 *                     PART   text in the path that is meant, relative to the folder
 *                     NTH    the first call that is meant, counted from 1; COUNT: how many, 0 for all from then on
 *                     WHAT   an errno as a number, or -MS: wait so many milliseconds, -0: as long as CX_DISK_ARMED exists
 *   CX_DISK_ARMED   a file: faults count and happen only while it exists (without this variable: always)
 *
 * A test reads the log, plays it on a model of a disk (tests/disk/model.rs) and derives from it what a power cut would have
 * left at any moment. A write that reaches files without passing here (a shared mapping, a call that is not listed) is
 * noticed: the model must equal the folder in the end, and writable shared mappings are recorded. The C library's own streams
 * (fopen, printf) are such writes: they go by a way inside that library. Faults are counted anew in each process.
 *
 * Record: op u32, handle u32, at u64, length of path u32, length of data u32, path, data (native byte order). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { OPEN = 1, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, SYNC_FAILED, RENAME, UNLINK, MKDIR, RMDIR, ACK, MAPPED, FAULT, LINK };
enum { TRUNCATED = 1, SYNCED = 2, IS_DIR = 4, DIRECT = 8 };
enum { FDS = 65536, FAULTS = 8, ON_WRITE = 1, ON_SYNC = 2 };

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static int log_fd = -1;
static const char *armed;
static uint32_t last_handle;
static uint64_t last_sync;
/* What each descriptor stands for; handle 0: nothing below the folder. Paths are those at the opening, and are never freed. */
static struct { uint32_t handle; int flags; const char *path; } fds[FDS];
static struct { int ops; char part[256]; unsigned long nth, count, seen; int error; long wait; } faults[FAULTS];
static int fault_count;

static void die(const char *what) {
    dprintf(2, "disk shim: %s (%s)\n", what, strerror(errno));
    abort();
}

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("CX_DISK_ROOT"), *log = getenv("CX_DISK_LOG"), *list = getenv("CX_DISK_FAULTS");
    if (!folder || !log || !realpath(folder, root)) return;
    root_length = strlen(root);
    armed = getenv("CX_DISK_ARMED");
    /* High, so that the program's descriptors are numbered as they would be without this one. */
    int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || (log_fd = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 900)) < 0) die("cannot open the log");
    syscall(SYS_close, fd);
    while (list && *list) {
        char op[8] = "", what[16] = "";
        if (fault_count == FAULTS ||
            sscanf(list, " %7s %255s %lu %lu %15[^; ]", op, faults[fault_count].part, &faults[fault_count].nth,
                   &faults[fault_count].count, what) != 5)
            die("cannot read CX_DISK_FAULTS");
        faults[fault_count].ops = *op == 'w' ? ON_WRITE : *op == 's' ? ON_SYNC : ON_WRITE | ON_SYNC;
        if (*what == '-') faults[fault_count].wait = atol(what + 1), faults[fault_count].error = 0;
        else faults[fault_count].error = atoi(what);
        fault_count++;
        list = strchr(list, ';');
        if (list) list++;
    }
}

static void record(uint32_t op, uint32_t handle, uint64_t at, const char *path, const void *data, size_t length) {
    struct { uint32_t op, handle; uint64_t at; uint32_t path, data; } head = {op, handle, at, path ? strlen(path) : 0, length};
    struct iovec parts[3] = {{&head, sizeof head}, {(void *)path, head.path}, {(void *)data, length}};
    ssize_t whole = sizeof head + head.path + length;
    if (log_fd >= 0 && syscall(SYS_writev, log_fd, parts, 3) != whole) die("cannot write the log");
}

/* The path below the folder ("" for itself), or nothing when it lies elsewhere. */
static const char *inside(int dirfd, const char *path, char *out) {
    if (log_fd < 0 || !path) return NULL;
    char whole[2 * PATH_MAX];
    if (*path == '/') snprintf(whole, sizeof whole, "%s", path);
    else if (dirfd == AT_FDCWD) {
        char cwd[PATH_MAX];
        if (!getcwd(cwd, sizeof cwd)) return NULL;
        snprintf(whole, sizeof whole, "%s/%s", cwd, path);
    } else if (dirfd >= 0 && dirfd < FDS && fds[dirfd].handle) snprintf(whole, sizeof whole, "%s/%s/%s", root, fds[dirfd].path, path);
    else return NULL;
    char *to = whole;
    for (char *from = whole; *from; from++) {
        if (*from == '/' && from[1] == '/') continue;
        if (*from == '/' && from[1] == '.' && (from[2] == '/' || !from[2])) { from++; continue; }
        *to++ = *from;
    }
    while (to > whole + 1 && to[-1] == '/') to--;
    *to = 0;
    if (strncmp(whole, root, root_length) || (whole[root_length] && whole[root_length] != '/')) return NULL;
    strcpy(out, whole + root_length + (whole[root_length] == '/'));
    return out;
}

static uint32_t handle_of(int fd) { return fd >= 0 && fd < FDS ? fds[fd].handle : 0; }

/* Whether a call is to fail, and with which errno; waits if it is to wait. Called without the lock. */
static int fault(int op, int fd) {
    if (!fault_count || !handle_of(fd)) return 0;
    for (int i = 0; i < fault_count; i++) {
        if (!(faults[i].ops & op) || !strstr(fds[fd].path, faults[i].part)) continue;
        if (armed && syscall(SYS_faccessat, AT_FDCWD, armed, F_OK)) continue;
        unsigned long seen = __atomic_add_fetch(&faults[i].seen, 1, __ATOMIC_SEQ_CST);
        if (seen < faults[i].nth || (faults[i].count && seen >= faults[i].nth + faults[i].count)) continue;
        pthread_mutex_lock(&turn);
        record(FAULT, fds[fd].handle, faults[i].error, fds[fd].path, NULL, 0);
        pthread_mutex_unlock(&turn);
        if (faults[i].error) return faults[i].error;
        struct timespec pause = {faults[i].wait / 1000, faults[i].wait % 1000 * 1000000}, step = {0, 1000000};
        if (faults[i].wait) nanosleep(&pause, NULL);
        else while (armed && !syscall(SYS_faccessat, AT_FDCWD, armed, F_OK)) nanosleep(&step, NULL);
    }
    return 0;
}

static int opened(int dirfd, const char *path, int flags, mode_t mode) {
    char below[2 * PATH_MAX];
    pthread_mutex_lock(&turn);
    int fd = syscall(SYS_openat, dirfd, path, flags, mode), error = errno;
    if (fd >= 0 && fd < FDS) fds[fd].handle = 0;
    if (fd >= 0 && fd < FDS && inside(dirfd, path, below)) {
        struct stat found;
        uint64_t how = 0;
        if (fstat(fd, &found)) die("cannot look at a file");
        if (S_ISDIR(found.st_mode)) how |= IS_DIR;
        if (flags & O_TRUNC) how |= TRUNCATED;
        if (flags & O_DSYNC) how |= SYNCED;
        if (flags & O_DIRECT) how |= DIRECT;
        fds[fd].handle = ++last_handle;
        fds[fd].flags = flags;
        fds[fd].path = strdup(below);
        record(OPEN, last_handle, how, below, NULL, 0);
    }
    pthread_mutex_unlock(&turn);
    errno = error;
    return fd;
}

#define MODE(flags, before) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, before); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *path, int flags, ...) { MODE(flags, flags) return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, flags) return opened(AT_FDCWD, path, flags, mode); }
int openat(int dir, const char *path, int flags, ...) { MODE(flags, flags) return opened(dir, path, flags, mode); }
int openat64(int dir, const char *path, int flags, ...) { MODE(flags, flags) return opened(dir, path, flags, mode); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
    pthread_mutex_lock(&turn);
    if (fd >= 0 && fd < FDS && fd != log_fd) fds[fd].handle = 0;
    int done = fd == log_fd ? 0 : syscall(SYS_close, fd), error = errno;
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}

static int copied(int from, int to) {
    if (to >= 0 && to < FDS) {
        if (from >= 0 && from < FDS) fds[to] = fds[from];
        else fds[to].handle = 0;
    }
    return to;
}

int dup(int fd) { return copied(fd, syscall(SYS_dup, fd)); }
int dup3(int fd, int to, int flags) { return copied(fd, syscall(SYS_dup3, fd, to, flags)); }
int dup2(int fd, int to) { return fd == to ? to : dup3(fd, to, 0); }

#define FCNTL(name) \
    int name(int fd, int what, ...) { \
        va_list rest; va_start(rest, what); long with = va_arg(rest, long); va_end(rest); \
        int done = syscall(SYS_fcntl, fd, what, with); \
        return what == F_DUPFD || what == F_DUPFD_CLOEXEC ? copied(fd, done) : done; \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

/* All writes. `at` below 0: where the descriptor stands. */
static ssize_t written(int fd, const struct iovec *parts, int count, off_t at) {
    uint32_t handle = handle_of(fd);
    if (log_fd < 0 || (!handle && fd != 1))
        return at < 0 ? syscall(SYS_writev, fd, parts, count) : syscall(SYS_pwritev, fd, parts, count, at, 0);
    int failed = fault(ON_WRITE, fd);
    size_t length = 0;
    for (int i = 0; i < count; i++) length += parts[i].iov_len;
    char *whole = malloc(length ? length : 1), *to = whole;
    if (!whole) die("no memory");
    for (int i = 0; i < count; i++) memcpy(to, parts[i].iov_base, parts[i].iov_len), to += parts[i].iov_len;
    pthread_mutex_lock(&turn);
    /* A disk that fails or is full may take a part. */
    if (failed) length /= 2;
    ssize_t done = 0;
    int error = 0;
    if (!handle) {
        /* Before it can be seen: what is acknowledged has to be safe by now. */
        record(ACK, 0, 0, NULL, whole, length);
        done = syscall(SYS_write, fd, whole, length), error = errno;
    } else {
        struct stat found;
        if (at < 0 && fds[fd].flags & O_APPEND) at = fstat(fd, &found) ? -1 : found.st_size;
        else if (at < 0) at = syscall(SYS_lseek, fd, 0, SEEK_CUR);
        else { done = syscall(SYS_pwrite64, fd, whole, length, at), error = errno; goto recorded; }
        done = syscall(SYS_write, fd, whole, length), error = errno;
    recorded:
        if (done > 0) record(WRITE, handle, at, NULL, whole, done);
    }
    pthread_mutex_unlock(&turn);
    free(whole);
    errno = failed ? failed : error;
    return failed ? -1 : done;
}

ssize_t write(int fd, const void *data, size_t length) {
    struct iovec part = {(void *)data, length};
    return written(fd, &part, 1, -1);
}
ssize_t writev(int fd, const struct iovec *parts, int count) { return written(fd, parts, count, -1); }
#define PWRITE(name, type) \
    ssize_t name(int fd, const void *data, size_t length, type at) { \
        struct iovec part = {(void *)data, length}; \
        return written(fd, &part, 1, at); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return written(fd, parts, count, at); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return written(fd, parts, count, at); }

static int cut(int fd, off_t length) {
    pthread_mutex_lock(&turn);
    int done = syscall(SYS_ftruncate, fd, length), error = errno;
    if (!done && handle_of(fd)) record(TRUNCATE, fds[fd].handle, length, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}
int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length); }

static int allocated(int fd, int mode, off_t at, off_t length) {
    pthread_mutex_lock(&turn);
    struct stat before, after;
    int known = handle_of(fd) && !fstat(fd, &before);
    int done = syscall(SYS_fallocate, fd, mode, at, length), error = errno;
    if (!done && known && !fstat(fd, &after) && before.st_size != after.st_size)
        record(TRUNCATE, fds[fd].handle, after.st_size, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}
int fallocate(int fd, int mode, off_t at, off_t length) { return allocated(fd, mode, at, length); }
int fallocate64(int fd, int mode, off64_t at, off64_t length) { return allocated(fd, mode, at, length); }
int posix_fallocate(int fd, off_t at, off_t length) { return allocated(fd, 0, at, length) ? errno : 0; }
int posix_fallocate64(int fd, off64_t at, off64_t length) { return allocated(fd, 0, at, length) ? errno : 0; }

static int synced(int fd, long call) {
    uint32_t handle = handle_of(fd);
    if (!handle) return syscall(call, fd);
    pthread_mutex_lock(&turn);
    uint64_t number = ++last_sync;
    record(SYNC_BEGIN, handle, number, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
    int failed = fault(ON_SYNC, fd);
    int done = failed ? -1 : syscall(call, fd), error = failed ? failed : errno;
    pthread_mutex_lock(&turn);
    record(done ? SYNC_FAILED : SYNC_END, handle, number, NULL, NULL, 0);
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }
/* sync_file_range promises nothing about a power cut, so it is none of the recorded syncs. */

static int moved(int from_dir, const char *from, int to_dir, const char *to, unsigned flags) {
    char a[2 * PATH_MAX], b[2 * PATH_MAX];
    pthread_mutex_lock(&turn);
    int done = syscall(SYS_renameat2, from_dir, from, to_dir, to, flags), error = errno;
    if (!done && inside(from_dir, from, a) && inside(to_dir, to, b)) record(RENAME, 0, 0, a, b, strlen(b));
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}
int rename(const char *from, const char *to) { return moved(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return moved(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return moved(a, from, b, to, flags); }

int linkat(int a, const char *from, int b, const char *to, int flags) {
    char one[2 * PATH_MAX], other[2 * PATH_MAX];
    pthread_mutex_lock(&turn);
    int done = syscall(SYS_linkat, a, from, b, to, flags), error = errno;
    if (!done && inside(a, from, one) && inside(b, to, other)) record(LINK, 0, 0, one, other, strlen(other));
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

static int removed(int dir, const char *path, int flags) {
    char below[2 * PATH_MAX];
    pthread_mutex_lock(&turn);
    int done = syscall(SYS_unlinkat, dir, path, flags), error = errno;
    if (!done && inside(dir, path, below)) record(flags & AT_REMOVEDIR ? RMDIR : UNLINK, 0, 0, below, NULL, 0);
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}
int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int dir, const char *path, int flags) { return removed(dir, path, flags); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int dir, const char *path, mode_t mode) {
    char below[2 * PATH_MAX];
    pthread_mutex_lock(&turn);
    int done = syscall(SYS_mkdirat, dir, path, mode), error = errno;
    if (!done && inside(dir, path, below)) record(MKDIR, 0, 0, below, NULL, 0);
    pthread_mutex_unlock(&turn);
    errno = error;
    return done;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

static void *mapped(void *where, size_t length, int protection, int flags, int fd, off_t at) {
    void *done = (void *)syscall(SYS_mmap, where, length, protection, flags, fd, at);
    int error = errno;
    if (done != MAP_FAILED && protection & PROT_WRITE && flags & MAP_SHARED && !(flags & MAP_ANONYMOUS) && handle_of(fd)) {
        pthread_mutex_lock(&turn);
        record(MAPPED, fds[fd].handle, at, fds[fd].path, NULL, 0);
        pthread_mutex_unlock(&turn);
    }
    errno = error;
    return done;
}
void *mmap(void *where, size_t length, int protection, int flags, int fd, off_t at) {
    return mapped(where, length, protection, flags, fd, at);
}
void *mmap64(void *where, size_t length, int protection, int flags, int fd, off64_t at) {
    return mapped(where, length, protection, flags, fd, at);
}
