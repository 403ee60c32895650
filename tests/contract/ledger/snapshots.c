/* Loaded with LD_PRELOAD into a process that writes an SQLite database in WAL mode. Each time the database or its log
 * is synced, both are copied as they stand then, before the sync returns:
 *
 *     SNAPSHOT_FOLDER/00001.db, 00001.wal, 00001.txt     "db" or "wal" (what is synced), and how many bytes of
 *                                                        SNAPSHOT_NOTES had been written when the sync began
 *
 * SNAPSHOT_DATABASE is the database's path without links. The -shm file is not copied: it does not outlive a machine.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DATABASE, LOG, FILES };
static const char *const suffixes[FILES] = {"", "-wal"};
static const char *const names[FILES] = {"db", "wal"};

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static unsigned number;
/* Never closed: closing any descriptor of a file would drop the locks that SQLite holds on it. */
static int sources[FILES] = {-1, -1};

static void fail(const char *what)
{
    perror(what);
    abort();
}

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL) {
        errno = EINVAL;
        fail(name);
    }
    return value;
}

static void place(char path[PATH_MAX], const char *kind)
{
    snprintf(path, PATH_MAX, "%s/%05u.%s", setting("SNAPSHOT_FOLDER"), number, kind);
}

/* Which of the two files a descriptor is, or FILES. */
static int which(int descriptor)
{
    char link[64], path[PATH_MAX], wanted[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return FILES;
    path[length] = '\0';
    for (int file = 0; file < FILES; file++) {
        snprintf(wanted, sizeof wanted, "%s%s", setting("SNAPSHOT_DATABASE"), suffixes[file]);
        if (strcmp(path, wanted) == 0)
            return file;
    }
    return FILES;
}

/* A descriptor of the file that has the name now (SQLite removes its log when nobody has it open), or -1. */
static int source_of(int file)
{
    char path[PATH_MAX];
    struct stat known, present;
    snprintf(path, sizeof path, "%s%s", setting("SNAPSHOT_DATABASE"), suffixes[file]);
    if (stat(path, &present) != 0)
        return -1;
    if (sources[file] >= 0) {
        if (fstat(sources[file], &known) != 0)
            fail(path);
        if (known.st_ino == present.st_ino && known.st_nlink > 0)
            return sources[file];
    }
    sources[file] = open(path, O_RDONLY | O_CLOEXEC);
    if (sources[file] < 0)
        fail(path);
    return sources[file];
}

static void copy(int file)
{
    static char buffer[1 << 16];
    char path[PATH_MAX];
    int source = source_of(file);
    place(path, names[file]);
    int target = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (target < 0)
        fail(path);
    off_t at = 0;
    ssize_t got = 0;
    while (source >= 0 && (got = pread(source, buffer, sizeof buffer, at)) > 0) {
        if (write(target, buffer, (size_t)got) != got)
            fail(path);
        at += got;
    }
    if (got < 0 || close(target) != 0)
        fail(path);
}

static void note(int synced, long long noted)
{
    char path[PATH_MAX];
    place(path, "txt");
    FILE *target = fopen(path, "we");
    if (target == NULL || fprintf(target, "%s %lld\n", names[synced], noted) < 0 || fclose(target) != 0)
        fail(path);
}

static void snapshot(int descriptor)
{
    int file = which(descriptor);
    if (file == FILES)
        return;
    struct stat notes;
    pthread_mutex_lock(&one_at_a_time);
    if (stat(setting("SNAPSHOT_NOTES"), &notes) != 0)
        fail("SNAPSHOT_NOTES");
    number++;
    for (int each = 0; each < FILES; each++)
        copy(each);
    note(file, (long long)notes.st_size);
    pthread_mutex_unlock(&one_at_a_time);
}

static int synced(const char *name, int descriptor)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (real == NULL)
        fail(name);
    snapshot(descriptor);
    return real(descriptor);
}

int fsync(int descriptor)
{
    return synced("fsync", descriptor);
}

int fdatasync(int descriptor)
{
    return synced("fdatasync", descriptor);
}
