/* SPDX-License-Identifier: MIT */
#ifndef SHIM_ASM_PAGE_H
#define SHIM_ASM_PAGE_H

#include <linux/types.h>

/* Guest-physical addresses are not guest-virtual ones, so that a forgotten conversion shows. */
#define SHIM_PHYSICAL_OFFSET 0x40000000UL

#define __pa(address) ((u64)((unsigned long)(address) + SHIM_PHYSICAL_OFFSET))
#define __pa_symbol(address) __pa(address)

#endif
