/* SPDX-License-Identifier: MIT */
#ifndef SHIM_XEN_PAGE_H
#define SHIM_XEN_PAGE_H

#define XEN_PAGE_SHIFT 12

#endif
