/* SPDX-License-Identifier: MIT */
/* _printk is the host's, which formats; the level stands in front of the text as the kernel has it. */
#ifndef SHIM_LINUX_PRINTK_H
#define SHIM_LINUX_PRINTK_H

int _printk(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define printk(...) _printk(__VA_ARGS__)
#define pr_err(...) _printk("\001" "3" __VA_ARGS__)
#define pr_warn(...) _printk("\001" "4" __VA_ARGS__)
#define pr_info(...) _printk("\001" "6" __VA_ARGS__)

#endif
