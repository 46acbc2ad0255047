/* SPDX-License-Identifier: MIT */
/* In place of the kernel's, whose hypercalls are inline assembly. */
#ifndef SHIM_ASM_XEN_HYPERCALL_H
#define SHIM_ASM_XEN_HYPERCALL_H

#include <xen/interface/platform.h>
#include <xen/interface/sched.h>
#include <xen/interface/xen.h>

/* The host's. */
int HYPERVISOR_platform_op_raw(void *op);

static inline int HYPERVISOR_platform_op(struct xen_platform_op *op)
{
	op->interface_version = XENPF_INTERFACE_VERSION;
	return HYPERVISOR_platform_op_raw(op);
}

#endif
