/* SPDX-License-Identifier: MIT */
/* BUG() is the host's: it does not come back. */
#ifndef SHIM_LINUX_BUG_H
#define SHIM_LINUX_BUG_H

void BUG(void) __attribute__((noreturn));

#define BUG_ON(condition) do { if (condition) BUG(); } while (0)
#define BUILD_BUG_ON(condition) _Static_assert(!(condition), "BUILD_BUG_ON: " #condition)
#define static_assert(...) _Static_assert(__VA_ARGS__)

#endif
