/* SPDX-License-Identifier: MIT */
/*
 * What a native build of Linux's shim has (shim/glue.c), in the words of the C library: the kernel's own headers do not go
 * with those of a libc. The types lie in memory as the shim's do.
 */
#ifndef SHIM_H
#define SHIM_H

#include <stdint.h>

#define EFI_ERROR(code) (code | 1ul << 63)
#define EFI_SUCCESS 0ul
#define EFI_INVALID_PARAMETER EFI_ERROR(2)
#define EFI_UNSUPPORTED EFI_ERROR(3)
#define EFI_BUFFER_TOO_SMALL EFI_ERROR(5)
#define EFI_WRITE_PROTECTED EFI_ERROR(8)
#define EFI_NOT_FOUND EFI_ERROR(14)

enum { RESET_COLD, RESET_WARM, RESET_SHUTDOWN };

struct efi_time {
	uint16_t year;
	uint8_t month, day, hour, minute, second, pad1;
	uint32_t nanosecond;
	int16_t timezone;
	uint8_t daylight, pad2;
};

struct efi_time_cap {
	uint32_t resolution, accuracy;
	uint8_t sets_to_zero;
};

struct efi_capsule {
	uint8_t guid[16];
	uint32_t header_size, flags, image_size;
};

struct efi_memory {
	uint32_t type, pad;
	uint64_t physical, virtual, pages, attributes;
};

struct shim_probe {
	uint32_t signature, systab[2], secure_boot, flags, runtime_version, revision, fw_revision, fw_vendor[2], nr_tables, tables[2];
};

void shim_setup(unsigned int runtime_version);
void shim_set_initial_domain(unsigned int is_initial);
void shim_set_flags(unsigned long flags);
void shim_probe(struct shim_probe *);
unsigned long shim_physical_offset(void);

unsigned long shim_get_time(struct efi_time *, struct efi_time_cap *);
unsigned long shim_set_time(struct efi_time *);
unsigned long shim_get_wakeup_time(uint8_t *enabled, uint8_t *pending, struct efi_time *);
unsigned long shim_set_wakeup_time(unsigned int enabled, struct efi_time *);
unsigned long shim_get_variable(const uint16_t *name, const uint8_t *guid, uint32_t *attributes, unsigned long *size, void *);
unsigned long shim_get_next_variable(unsigned long *size, uint16_t *name, uint8_t *guid);
unsigned long shim_set_variable(const uint16_t *name, const uint8_t *guid, uint32_t attributes, unsigned long size, void *);
unsigned long shim_set_variable_nonblocking(const uint16_t *name, const uint8_t *guid, uint32_t attributes, unsigned long size,
					    void *);
unsigned long shim_query_variable_info(uint32_t attributes, uint64_t *storage, uint64_t *remaining, uint64_t *largest);
unsigned long shim_query_variable_info_nonblocking(uint32_t attributes, uint64_t *storage, uint64_t *remaining,
						   uint64_t *largest);
unsigned long shim_update_capsule(struct efi_capsule **, unsigned long count, unsigned long sg_list);
unsigned long shim_query_capsule_caps(struct efi_capsule **, unsigned long count, uint64_t *largest, int *reset_type);
unsigned long shim_get_next_high_mono_count(uint32_t *);
void shim_reset_system(int type, unsigned long status, unsigned long size, uint16_t *data);

/* NULL in a shim of a kernel before 6.2. */
__attribute__((weak)) int efi_mem_desc_lookup(uint64_t physical, struct efi_memory *);

/* What the shim asks of its host. */
int HYPERVISOR_platform_op_raw(void *op);
void xen_reboot(int reason);
int _printk(const char *format, ...);
_Noreturn void BUG(void);

#endif
