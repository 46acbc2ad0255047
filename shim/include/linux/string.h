/* SPDX-License-Identifier: MIT */
/* The kernel's spellings; a compiler for wasm makes instructions of the built-ins, so that nothing is imported. */
#ifndef SHIM_LINUX_STRING_H
#define SHIM_LINUX_STRING_H

#include <linux/types.h>

#define memcpy(to, from, bytes) __builtin_memcpy(to, from, bytes)
#define memset(to, byte, bytes) __builtin_memset(to, byte, bytes)
#define strncpy(to, from, bytes) shim_strncpy(to, from, bytes)
#define strscpy(to, from, bytes) shim_strscpy(to, from, bytes)

/* C's: fills up with zeros, and ends without one if the text is too long. */
static inline char *shim_strncpy(char *to, const char *from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		to[i] = *from;
		if (*from)
			from++;
	}
	return to;
}

/* The kernel's: always ends with a zero; characters copied, or -E2BIG for a text that was cut. */
static inline ssize_t shim_strscpy(char *to, const char *from, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i++) {
		to[i] = from[i];
		if (!from[i])
			return i;
	}
	if (bytes)
		to[bytes - 1] = 0;
	return -7;
}

#endif
