/* SPDX-License-Identifier: MIT */
#ifndef SHIM_XEN_XEN_H
#define SHIM_XEN_XEN_H

#include <linux/types.h>

/* Whether this is Dom0; the glue answers what it was told. */
bool xen_initial_domain(void);

#endif
