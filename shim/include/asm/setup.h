/* SPDX-License-Identifier: MIT */
/* What the x86 probe fills in of the kernel's boot_params. */
#ifndef SHIM_ASM_SETUP_H
#define SHIM_ASM_SETUP_H

#include <linux/types.h>

struct boot_params {
	struct {
		u32 efi_loader_signature;
		u32 efi_systab;
		u32 efi_systab_hi;
	} efi_info;
	u8 secure_boot;
};

void xen_efi_init(struct boot_params *);

#endif
