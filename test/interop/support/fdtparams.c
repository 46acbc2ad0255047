/*
 * What Linux's parser of UEFI parameters finds in a device tree: fdtparams FILE, a number a line. The parser itself is the
 * kernel's file as it is, drivers/firmware/efi/fdtparams.c, whose path FDTPARAMS is; around it is as little as it needs.
 */
#include <libfdt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef u64 phys_addr_t;

#define __init
#define __initconst
#define U32_MAX ((u32)~0U)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)

/* include/linux/efi.h */
#define EFI_PARAVIRT 6
#define EFI_DBG 8
struct efi_memory_map_data {
	phys_addr_t phys_map;
	unsigned long size;
	unsigned long desc_version;
	unsigned long desc_size;
	unsigned long flags;
};
static struct { unsigned long flags; } efi;
static void *initial_boot_params;

static int efi_enabled(int feature)
{
	return (efi.flags >> feature) & 1;
}

static void set_bit(int bit, unsigned long *flags)
{
	*flags |= 1UL << bit;
}

static u32 be32_to_cpup(const void *at)
{
	u32 value;
	memcpy(&value, at, sizeof(value));
	return fdt32_to_cpu(value);
}

static u64 get_unaligned_be64(const void *at)
{
	u64 value;
	memcpy(&value, at, sizeof(value));
	return fdt64_to_cpu(value);
}

#define pr_info(format, ...) fprintf(stderr, pr_fmt(format), ##__VA_ARGS__)
#define pr_err pr_info

#include FDTPARAMS

int main(int count, char **arguments)
{
	static char tree[0x10000];
	struct efi_memory_map_data map = { 0 };
	u32 secure_boot = 0;
	FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;

	if (!file || !fread(tree, 1, sizeof(tree), file))
		return 2;
	if (fdt_check_header(tree))
		return 3;
	initial_boot_params = tree;
	printf("%llu\n", efi_get_fdt_params(&map, &secure_boot));
	printf("%llu\n%lu\n%lu\n%lu\n", map.phys_map, map.size, map.desc_size, map.desc_version);
	printf("%u\n%d\n", secure_boot, efi_enabled(EFI_PARAVIRT));
	return 0;
}
