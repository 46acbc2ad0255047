/* Stands for /dev/xen/privcmd: linked with --wrap=open,--wrap=ioctl. XENEFI_IMAGE names the machine's image. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "xenefi.h"

enum { PRIVCMD = 1000 };
static struct xenefi *machine;

int __real_open(const char *path, int flags);
int __wrap_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_open(const char *path, int flags, ...)
{
	if (strcmp(path, "/dev/xen/privcmd") != 0) return __real_open(path, flags);
	if ((machine = xenefi_open(getenv("XENEFI_IMAGE"))) == NULL) {
		errno = ENOENT;
		return -1;
	}
	return PRIVCMD;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list rest;
	va_start(rest, request);
	const uint64_t *hypercall = va_arg(rest, const uint64_t *);
	va_end(rest);
	if (fd != PRIVCMD || request != _IOC(_IOC_NONE, 'P', 0, 48) || hypercall[0] != 7) {
		errno = ENOTTY;
		return -1;
	}
	long ret = xenefi_platform_op(machine, (void *)(uintptr_t)hypercall[1]);
	if (ret >= 0) return (int)ret;
	errno = (int)-ret;
	return -1;
}
