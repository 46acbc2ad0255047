/* SPDX-License-Identifier: MIT */
/* The kernel's integer types. */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

/*
 * An i386 aligns 64-bit members to 4 bytes, and so does the layout that Xen's compat layer reads; wasm32 aligns them to
 * 8. Without this the op of an x86 shim on wasm32 has its inner union at 24 instead of 20, a layout that nobody reads.
 */
#if defined(__i386__) && defined(__wasm__)
#define SHIM_U64_ALIGNED __attribute__((aligned(4)))
#else
#define SHIM_U64_ALIGNED
#endif

typedef unsigned char u8, uint8_t, __u8;
typedef unsigned short u16, uint16_t, __u16;
typedef unsigned int u32, uint32_t, __u32;
typedef unsigned long long u64 SHIM_U64_ALIGNED, uint64_t SHIM_U64_ALIGNED, __u64 SHIM_U64_ALIGNED;
typedef signed char s8, int8_t, __s8;
typedef short s16, int16_t, __s16;
typedef int s32, int32_t, __s32;
typedef long long s64 SHIM_U64_ALIGNED, int64_t SHIM_U64_ALIGNED, __s64 SHIM_U64_ALIGNED;

typedef __SIZE_TYPE__ size_t;
typedef long ssize_t;
typedef unsigned long uintptr_t;
typedef _Bool bool;

#define true 1
#define false 0
#define NULL ((void *)0)
#define U32_MAX ((u32)~0U)
#define U64_MAX ((u64)~0ULL)
#define BITS_PER_LONG (8 * __SIZEOF_LONG__)
#define offsetof(type, member) __builtin_offsetof(type, member)

#endif
