// SPDX-License-Identifier: MIT
/*
 * What stands around drivers/xen/efi.c, and on x86 arch/x86/xen/efi.c, instead of a kernel: struct efi, whose functions a
 * wasm module exports under the shim's names for them, and the state that the shim asks for.
 */
#include <linux/efi.h>
#include <linux/string.h>
#include <xen/xen.h>
#include <xen/xen-ops.h>
#include <asm/page.h>

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name)
#endif

struct efi efi;

static bool is_initial_domain = true;

bool xen_initial_domain(void)
{
	return is_initial_domain;
}

/* The kernel's answer while no memory map is set up: -EOPNOTSUPP. */
int __efi_mem_desc_lookup(u64 phys_addr, efi_memory_desc_t *descriptor)
{
	return -95;
}

/* Makes struct efi what it is before a service is called: the functions set, and the version from the system table. */
EXPORT(shim_setup) void shim_setup(unsigned int runtime_version)
{
	memset(&efi, 0, sizeof(efi));
	xen_efi_runtime_setup();
	efi.runtime_version = runtime_version;
}

EXPORT(shim_set_initial_domain) void shim_set_initial_domain(unsigned int is_initial)
{
	is_initial_domain = is_initial;
}

/* Bits as EFI_PARAVIRT numbers them. */
EXPORT(shim_set_flags) void shim_set_flags(unsigned long flags)
{
	efi.flags = flags;
}

EXPORT(xen_efi_get_time) efi_status_t shim_get_time(efi_time_t *time, efi_time_cap_t *capabilities)
{
	return efi.get_time(time, capabilities);
}

EXPORT(xen_efi_set_time) efi_status_t shim_set_time(efi_time_t *time)
{
	return efi.set_time(time);
}

EXPORT(xen_efi_get_wakeup_time)
efi_status_t shim_get_wakeup_time(efi_bool_t *enabled, efi_bool_t *pending, efi_time_t *time)
{
	return efi.get_wakeup_time(enabled, pending, time);
}

EXPORT(xen_efi_set_wakeup_time) efi_status_t shim_set_wakeup_time(unsigned int enabled, efi_time_t *time)
{
	return efi.set_wakeup_time(enabled, time);
}

EXPORT(xen_efi_get_variable)
efi_status_t shim_get_variable(efi_char16_t *name, efi_guid_t *vendor, u32 *attributes, unsigned long *size, void *data)
{
	return efi.get_variable(name, vendor, attributes, size, data);
}

EXPORT(xen_efi_get_next_variable)
efi_status_t shim_get_next_variable(unsigned long *size, efi_char16_t *name, efi_guid_t *vendor)
{
	return efi.get_next_variable(size, name, vendor);
}

EXPORT(xen_efi_set_variable)
efi_status_t shim_set_variable(efi_char16_t *name, efi_guid_t *vendor, u32 attributes, unsigned long size, void *data)
{
	return efi.set_variable(name, vendor, attributes, size, data);
}

EXPORT(xen_efi_set_variable_nonblocking)
efi_status_t shim_set_variable_nonblocking(efi_char16_t *name, efi_guid_t *vendor, u32 attributes, unsigned long size,
					   void *data)
{
	return efi.set_variable_nonblocking(name, vendor, attributes, size, data);
}

EXPORT(xen_efi_query_variable_info)
efi_status_t shim_query_variable_info(u32 attributes, u64 *storage, u64 *remaining, u64 *largest)
{
	return efi.query_variable_info(attributes, storage, remaining, largest);
}

EXPORT(xen_efi_query_variable_info_nonblocking)
efi_status_t shim_query_variable_info_nonblocking(u32 attributes, u64 *storage, u64 *remaining, u64 *largest)
{
	return efi.query_variable_info_nonblocking(attributes, storage, remaining, largest);
}

EXPORT(xen_efi_update_capsule)
efi_status_t shim_update_capsule(efi_capsule_header_t **capsules, unsigned long count, unsigned long sg_list)
{
	return efi.update_capsule(capsules, count, sg_list);
}

EXPORT(xen_efi_query_capsule_caps)
efi_status_t shim_query_capsule_caps(efi_capsule_header_t **capsules, unsigned long count, u64 *largest, int *reset_type)
{
	return efi.query_capsule_caps(capsules, count, largest, reset_type);
}

EXPORT(xen_efi_get_next_high_mono_count) efi_status_t shim_get_next_high_mono_count(u32 *count)
{
	return efi.get_next_high_mono_count(count);
}

EXPORT(xen_efi_reset_system)
void shim_reset_system(int type, efi_status_t status, unsigned long size, efi_char16_t *data)
{
	efi.reset_system(type, status, size, data);
}

#if defined(__i386__) || defined(__x86_64__)
#include <asm/setup.h>

_Static_assert(sizeof(L""[0]) == sizeof(efi_char16_t),
	       "this compiler ignores -fshort-wchar, so that L\"MokSBStateRT\" is no UCS-2: use clang 19 or later");

/* What xen_efi_init left behind. Halves instead of 64-bit members, for one layout on every target. */
struct shim_probe {
	u32 signature;
	u32 systab[2];
	u32 secure_boot;
	u32 flags;
	u32 runtime_version;
	u32 revision;
	u32 fw_revision;
	u32 fw_vendor[2];
	u32 nr_tables;
	u32 tables[2];
};

/* Runs the probe as at boot. The system table is read at the address that the probe told, taken back from physical. */
EXPORT(shim_probe) void shim_probe(struct shim_probe *found)
{
	struct boot_params boot = { 0 };
	const efi_system_table_t *table;
	u64 physical;

	memset(&efi, 0, sizeof(efi));
	memset(found, 0, sizeof(*found));
	xen_efi_init(&boot);
	found->signature = boot.efi_info.efi_loader_signature;
	found->systab[0] = boot.efi_info.efi_systab;
	found->systab[1] = boot.efi_info.efi_systab_hi;
	found->secure_boot = boot.secure_boot;
	found->flags = efi.flags;
	found->runtime_version = efi.runtime_version;
	physical = (u64)found->systab[1] << 32 | found->systab[0];
	if (physical < SHIM_PHYSICAL_OFFSET)
		return;
	table = (const efi_system_table_t *)(unsigned long)(physical - SHIM_PHYSICAL_OFFSET);
	found->revision = table->hdr.revision;
	found->fw_revision = table->fw_revision;
	found->fw_vendor[0] = table->fw_vendor;
	found->fw_vendor[1] = (u64)table->fw_vendor >> 32;
	found->nr_tables = table->nr_tables;
	found->tables[0] = table->tables;
	found->tables[1] = (u64)table->tables >> 32;
}

EXPORT(shim_physical_offset) unsigned long shim_physical_offset(void)
{
	return SHIM_PHYSICAL_OFFSET;
}
#endif
