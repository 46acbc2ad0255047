// SPDX-License-Identifier: MIT
/*
 * Fuzzes a caller of Linux's Xen EFI shim with a hypervisor whose answers are a byte off. With KERNEL, a kernel source tree:
 *
 *   shim/build.sh KERNEL x86_64 shim.o
 *   clang-19 -O1 -g -fsanitize=fuzzer,address -I c -I examples/cmocka examples/libfuzzer/size-fuzzer.c c/xenefi.c shim.o \
 *     -o size-fuzzer && ./size-fuzzer -max_total_time=10
 *
 * With -DTRUSTING the caller believes the size that it is told, and is found out.
 */
#include <stdlib.h>
#include "shim.h"
#include "xenefi.h"

#define ROOM 32
/* The op's bytes behind cmd and version: function, misc, status and what the function answers. */
#define OP_ANSWERS 8
#define OP_BYTES 136
static struct xenefi *x;
static uint8_t lie_at, lie;

int HYPERVISOR_platform_op_raw(void *op)
{
	int ret = xenefi_platform_op(x, op);

	if (ret == 0)
		((uint8_t *)op)[OP_ANSWERS + lie_at % (OP_BYTES - OP_ANSWERS)] ^= lie;
	return ret;
}

void xen_reboot(int reason)
{
	(void)reason;
	abort();
}

void BUG(void)
{
	abort();
}

int _printk(const char *format, ...)
{
	return *format;
}

/* The caller: a variable's bytes, added up. */
static unsigned int sum_of(const uint16_t *name)
{
	unsigned long size = ROOM;
	uint8_t *data = calloc(ROOM, 1);
	unsigned long status = shim_get_variable(name, xenefi_global_guid, NULL, &size, data);
	unsigned int sum = 0;

#ifndef TRUSTING
	if (size > ROOM)
		status = EFI_BUFFER_TOO_SMALL;
#endif
	for (unsigned long i = 0; status == EFI_SUCCESS && i < size; i++)
		sum += data[i];
	free(data);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
	if (x == NULL) {
		x = xenefi_open(NULL);
		if (x == NULL || xenefi_set_guest(x, XENEFI_GUARDED) != 0)
			abort();
		shim_setup(0x20046);
	}
	if (bytes < 3)
		return -1;
	lie_at = input[0];
	lie = input[1];
	xenefi_reset(x);
	xenefi_set_variable(x, u"Fuzzed", xenefi_global_guid, 7, input + 2, bytes - 2);
	return sum_of(u"Fuzzed") == 0xffffffff;
}
