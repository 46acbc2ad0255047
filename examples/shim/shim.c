// SPDX-License-Identifier: MIT
/* A kernel's EFI runtime services over Xen's hypercall, as far as variables and the time; for 32-bit Arm. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

typedef unsigned long efi_status_t; /* 4 bytes here, and 8 in the op */
typedef struct { u8 b[16]; } efi_guid_t;
typedef struct { u8 b[12]; } efi_time_cap_t;
typedef struct {
	u16 year;
	u8 month, day, hour, minute, second, pad1;
	u32 nanosecond;
	u16 timezone;
	u8 daylight, pad2;
} efi_time_t;

#define EFI_ERROR(code) ((efi_status_t)(code) | 1UL << 31)
#define EFI_UNSUPPORTED EFI_ERROR(3)
#define EFI_DEVICE_ERROR EFI_ERROR(7)

/* xen/include/public/platform.h, where longs and guest handles have 64 bits on every Arm. */
struct xen_platform_op {
	u32 cmd;
	u32 interface_version;
	u32 function;
	u32 misc;
	u64 status;
	union {
		struct { u64 name, size, data; efi_guid_t vendor; } variable;
		struct { u64 size, name; efi_guid_t vendor; } next;
		struct { efi_time_t time; u32 resolution, accuracy; } time;
		u8 pad[112];
	};
};
_Static_assert(sizeof(struct xen_platform_op) == 136, "the op is 8 bytes and a body of 128");

enum { GET_TIME = 1, GET_VARIABLE = 6, SET_VARIABLE = 7, GET_NEXT_VARIABLE_NAME = 8 };
#define OP(fn, ...) { .cmd = 49, .interface_version = 0x03000000, .function = (fn), __VA_ARGS__ }

int HYPERVISOR_platform_op(struct xen_platform_op *op);

/* The firmware's status with its error bit where this kernel has it; every errno of the hypercall is the same to callers. */
static efi_status_t call(struct xen_platform_op *op)
{
	if (HYPERVISOR_platform_op(op) != 0)
		return EFI_UNSUPPORTED;
	return (u32)op->status | (u32)(op->status >> 63) << 31;
}

#define EXPORT __attribute__((visibility("default"), used))

EXPORT efi_status_t xen_efi_get_time(efi_time_t *time, efi_time_cap_t *capabilities)
{
	struct xen_platform_op op = OP(GET_TIME);
	efi_status_t status = call(&op);

	if (status == 0 && time)
		*time = op.time.time;
	if (status == 0 && capabilities) {
		*(u32 *)&capabilities->b[0] = op.time.resolution;
		*(u32 *)&capabilities->b[4] = op.time.accuracy;
		capabilities->b[8] = op.misc & 1;
	}
	return status;
}

EXPORT efi_status_t xen_efi_get_variable(u16 *name, efi_guid_t *vendor, u32 *attributes, unsigned long *size, void *data)
{
	struct xen_platform_op op = OP(GET_VARIABLE, .variable = { (unsigned long)name, *size, (unsigned long)data, *vendor });
	efi_status_t status = call(&op);

	if (status == 0 && op.variable.size > *size)
		return EFI_DEVICE_ERROR; /* more than the buffer holds: nobody may read that far */
	*size = op.variable.size;
	if (status == 0 && attributes)
		*attributes = op.misc;
	return status;
}

EXPORT efi_status_t xen_efi_set_variable(u16 *name, efi_guid_t *vendor, u32 attributes, unsigned long size, void *data)
{
	struct xen_platform_op op = OP(SET_VARIABLE, .misc = attributes,
				       .variable = { (unsigned long)name, size, (unsigned long)data, *vendor });

	return call(&op);
}

EXPORT efi_status_t xen_efi_get_next_variable(unsigned long *size, u16 *name, efi_guid_t *vendor)
{
	struct xen_platform_op op = OP(GET_NEXT_VARIABLE_NAME, .next = { *size, (unsigned long)name, *vendor });
	efi_status_t status = call(&op);

	*size = op.next.size;
	*vendor = op.next.vendor;
	return status;
}
