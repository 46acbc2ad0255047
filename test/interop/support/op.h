/* Variable calls laid out by hand: struct xen_platform_op of the 64-bit layout. */
#ifndef OP_H
#define OP_H

#include <stdint.h>
#include <string.h>

#define GET_VARIABLE 6
#define SET_VARIABLE 7

struct op {
	uint32_t cmd, interface_version, function, misc;
	uint64_t status;
	const void *name;
	uint64_t size;
	void *data;
	uint8_t guid[16];
	uint8_t rest[136 - 64];
};

static inline struct op variable_op(uint32_t function, const uint16_t *name, const uint8_t *guid, void *data, uint64_t size)
{
	struct op op = { .cmd = 49, .interface_version = 0x03000001, .function = function, .name = name, .size = size, .data = data };

	if (function == SET_VARIABLE)
		op.misc = 7;
	memcpy(op.guid, guid, 16);
	return op;
}

#endif
