/* SPDX-License-Identifier: MIT */
/* What a Xen shim uses of <linux/efi.h>: types and numbers of the UEFI specification, and the kernel's struct efi. */
#ifndef SHIM_LINUX_EFI_H
#define SHIM_LINUX_EFI_H

#include <linux/bitops.h>
#include <linux/printk.h>
#include <linux/types.h>

#define EFI_ERROR(code) ((code) | 1UL << (BITS_PER_LONG - 1))
#define EFI_SUCCESS 0
#define EFI_INVALID_PARAMETER EFI_ERROR(2)
#define EFI_UNSUPPORTED EFI_ERROR(3)
#define EFI_BUFFER_TOO_SMALL EFI_ERROR(5)
#define EFI_DEVICE_ERROR EFI_ERROR(7)
#define EFI_OUT_OF_RESOURCES EFI_ERROR(9)
#define EFI_NOT_FOUND EFI_ERROR(14)

#define EFI_2_00_SYSTEM_TABLE_REVISION (2 << 16)
#define EFI_SYSTEM_TABLE_SIGNATURE 0x5453595320494249ULL
#define EFI_INVALID_TABLE_ADDR (~0UL)

enum { EFI_RESET_COLD, EFI_RESET_WARM, EFI_RESET_SHUTDOWN };

#define EFI_PAGE_SHIFT 12
#define EFI_PAGE_SIZE (1UL << EFI_PAGE_SHIFT)

#define EFI_RESERVED_TYPE 0
#define EFI_RUNTIME_SERVICES_CODE 5
#define EFI_RUNTIME_SERVICES_DATA 6
#define EFI_ACPI_RECLAIM_MEMORY 9
#define EFI_ACPI_MEMORY_NVS 10

/* Bits of efi.flags. */
#define EFI_BOOT 0
#define EFI_MEMMAP 4
#define EFI_64BIT 5
#define EFI_PARAVIRT 6

typedef unsigned long efi_status_t;
typedef u8 efi_bool_t;
typedef u16 efi_char16_t;
typedef void *efi_handle_t;

typedef struct {
	u8 b[16];
} __attribute__((aligned(4))) efi_guid_t;

#define EFI_GUID(a, b, c, ...) \
	((efi_guid_t){{ (a) & 0xff, (a) >> 8 & 0xff, (a) >> 16 & 0xff, (a) >> 24 & 0xff, \
			(b) & 0xff, (b) >> 8 & 0xff, (c) & 0xff, (c) >> 8 & 0xff, __VA_ARGS__ }})
#define EFI_GLOBAL_VARIABLE_GUID EFI_GUID(0x8be4df61, 0x93ca, 0x11d2, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c)
#define EFI_SHIM_LOCK_GUID EFI_GUID(0x605dab50, 0xe046, 0x4300, 0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23)

typedef struct {
	u16 year;
	u8 month;
	u8 day;
	u8 hour;
	u8 minute;
	u8 second;
	u8 pad1;
	u32 nanosecond;
	s16 timezone;
	u8 daylight;
	u8 pad2;
} efi_time_t;

typedef struct {
	u32 resolution;
	u32 accuracy;
	u8 sets_to_zero;
} efi_time_cap_t;

typedef struct {
	efi_guid_t guid;
	u32 headersize;
	u32 flags;
	u32 imagesize;
} efi_capsule_header_t;

typedef struct {
	u32 type;
	u32 pad;
	u64 phys_addr;
	u64 virt_addr;
	u64 num_pages;
	u64 attribute;
} efi_memory_desc_t;

typedef struct efi_runtime_services efi_runtime_services_t;
typedef struct efi_boot_services efi_boot_services_t;

typedef struct {
	u64 signature;
	u32 revision;
	u32 headersize;
	u32 crc32;
	u32 reserved;
} efi_table_hdr_t;

typedef struct {
	efi_table_hdr_t hdr;
	unsigned long fw_vendor;
	u32 fw_revision;
	unsigned long con_in_handle;
	void *con_in;
	unsigned long con_out_handle;
	void *con_out;
	unsigned long stderr_handle;
	unsigned long stderr;
	efi_runtime_services_t *runtime;
	efi_boot_services_t *boottime;
	unsigned long nr_tables;
	unsigned long tables;
} efi_system_table_t;

typedef efi_status_t efi_get_time_t(efi_time_t *, efi_time_cap_t *);
typedef efi_status_t efi_set_time_t(efi_time_t *);
typedef efi_status_t efi_get_wakeup_time_t(efi_bool_t *enabled, efi_bool_t *pending, efi_time_t *);
typedef efi_status_t efi_set_wakeup_time_t(efi_bool_t enabled, efi_time_t *);
typedef efi_status_t efi_get_variable_t(efi_char16_t *name, efi_guid_t *, u32 *attributes, unsigned long *size, void *data);
typedef efi_status_t efi_get_next_variable_t(unsigned long *size, efi_char16_t *name, efi_guid_t *);
typedef efi_status_t efi_set_variable_t(efi_char16_t *name, efi_guid_t *, u32 attributes, unsigned long size, void *data);
typedef efi_status_t efi_query_variable_info_t(u32 attributes, u64 *storage, u64 *remaining, u64 *largest);
typedef efi_status_t efi_update_capsule_t(efi_capsule_header_t **, unsigned long count, unsigned long sg_list);
typedef efi_status_t efi_query_capsule_caps_t(efi_capsule_header_t **, unsigned long count, u64 *largest, int *reset_type);
typedef efi_status_t efi_get_next_high_mono_count_t(u32 *);
typedef void efi_reset_system_t(int type, efi_status_t, unsigned long size, efi_char16_t *data);

extern struct efi {
	unsigned int runtime_version;
	efi_get_time_t *get_time;
	efi_set_time_t *set_time;
	efi_get_wakeup_time_t *get_wakeup_time;
	efi_set_wakeup_time_t *set_wakeup_time;
	efi_get_variable_t *get_variable;
	efi_get_next_variable_t *get_next_variable;
	efi_set_variable_t *set_variable;
	efi_set_variable_t *set_variable_nonblocking;
	efi_query_variable_info_t *query_variable_info;
	efi_query_variable_info_t *query_variable_info_nonblocking;
	efi_update_capsule_t *update_capsule;
	efi_query_capsule_caps_t *query_capsule_caps;
	efi_get_next_high_mono_count_t *get_next_high_mono_count;
	efi_reset_system_t *reset_system;
	unsigned long flags;
} efi;

static inline bool efi_enabled(int feature)
{
	return test_bit(feature, &efi.flags);
}

int efi_mem_desc_lookup(u64 phys_addr, efi_memory_desc_t *);
int __efi_mem_desc_lookup(u64 phys_addr, efi_memory_desc_t *);
bool xen_efi_config_table_is_usable(const efi_guid_t *, unsigned long table);

enum efi_secureboot_mode {
	efi_secureboot_mode_unset,
	efi_secureboot_mode_unknown,
	efi_secureboot_mode_disabled,
	efi_secureboot_mode_enabled,
};

/* As the kernel asks: SecureBoot decides what is known, SetupMode counts as 0 unless it can be read. */
static inline enum efi_secureboot_mode efi_get_secureboot_mode(efi_get_variable_t *get_variable)
{
	u8 secure_boot, setup_mode = 0;
	unsigned long size = 1;
	efi_status_t status = get_variable(L"SecureBoot", &EFI_GLOBAL_VARIABLE_GUID, NULL, &size, &secure_boot);

	if (status != EFI_SUCCESS)
		return status == EFI_NOT_FOUND ? efi_secureboot_mode_disabled : efi_secureboot_mode_unknown;
	size = 1;
	get_variable(L"SetupMode", &EFI_GLOBAL_VARIABLE_GUID, NULL, &size, &setup_mode);
	return secure_boot == 0 || setup_mode == 1 ? efi_secureboot_mode_disabled : efi_secureboot_mode_enabled;
}

#endif
