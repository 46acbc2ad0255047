/* SPDX-License-Identifier: MIT */
#ifndef SHIM_LINUX_BITOPS_H
#define SHIM_LINUX_BITOPS_H

#include <linux/types.h>

static inline void set_bit(long bit, unsigned long *words)
{
	words[bit / BITS_PER_LONG] |= 1UL << bit % BITS_PER_LONG;
}

static inline bool test_bit(long bit, const unsigned long *words)
{
	return words[bit / BITS_PER_LONG] >> bit % BITS_PER_LONG & 1;
}

#endif
