/* A disk that may lose power, as a library to preload. What the program syncs of a file in
   EDGEWISE_DISK is copied to EDGEWISE_SYNCED; what it removes is removed there. */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The path of the copy of `path`; 0 if it is not on the disk. */
static int find_copy(const char *path, char *copy)
{
    const char *disk = getenv("EDGEWISE_DISK"), *synced = getenv("EDGEWISE_SYNCED");
    const char *name = strrchr(path, '/');
    if (!disk || !synced || strncmp(path, disk, strlen(disk)) || name != path + strlen(disk))
        return 0;
    return snprintf(copy, PATH_MAX, "%s%s", synced, name) < PATH_MAX;
}

static void copy_synced(int fd)
{
    char link[64], path[PATH_MAX], part[PATH_MAX + 8], final[PATH_MAX], data[65536];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0)
        return;
    path[n] = 0;
    if (!find_copy(path, final))
        return;
    snprintf(part, sizeof part, "%s.part", final);
    /* through the same descriptor: closing another one would drop SQLite's locks */
    int out = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    off_t at = 0;
    while ((n = pread(fd, data, sizeof data, at)) > 0)
        at += write(out, data, n);
    close(out);
    rename(part, final);
}

int fsync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int result = real(fd);
    copy_synced(fd);
    return result;
}

int fdatasync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int result = real(fd);
    copy_synced(fd);
    return result;
}

int unlink(const char *path)
{
    int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    char copy[PATH_MAX];
    if (find_copy(path, copy))
        real(copy);
    return real(path);
}
