/* SPDX-License-Identifier: MIT */
#ifndef SHIM_XEN_XEN_OPS_H
#define SHIM_XEN_XEN_OPS_H

/* arch/x86/xen/xen-ops.h lies beside the shim, where the compiler looks first: with its guard defined it is empty. */
#define XEN_OPS_H

#include <linux/efi.h>
#include <linux/types.h>

/* The host's: SCHEDOP_shutdown with that reason. */
void xen_reboot(int reason);
void xen_efi_runtime_setup(void);

#endif
