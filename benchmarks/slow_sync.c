/* A disk that takes longer to sync: preloaded, it waits before each fsync and fdatasync. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static int later(const char *name, int file)
{
    struct timespec wait = {0, NANOSECONDS};
    int (*sync)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);

    nanosleep(&wait, NULL);
    return sync(file);
}

int fsync(int file)
{
    return later("fsync", file);
}

int fdatasync(int file)
{
    return later("fdatasync", file);
}
