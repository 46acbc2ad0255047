/*
 * Reads a variable as a kernel would: read-variable NAME SERVER... starts a server, read-variable NAME unix:PATH goes to one.
 *
 *   cc -o read-variable read-variable.c
 *   ./read-variable Lang xenefi serve --stdio
 */
#include <stdio.h>
#include "xenefi-client.h"

struct get_variable {
	uint32_t cmd, interface_version, function, misc;
	uint64_t status, name, size, data;
	uint8_t guid[16], rest[72];
};

int main(int argc, char **argv)
{
	static const uint8_t global[16] = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c };
	uint16_t name[64] = { 0 };
	uint8_t data[1024];
	struct get_variable op = { .cmd = 49, .interface_version = 0x03000001, .function = 6, .size = sizeof data };
	_Static_assert(sizeof op == XENEFI_OP_BYTES, "struct xen_platform_op");
	if (argc < 3) return fprintf(stderr, "usage: %s NAME SERVER...\n", argv[0]), 2;
	for (int i = 0; i < 63 && argv[1][i]; i++) name[i] = (uint8_t)argv[1][i];
	struct xenefi *x = strncmp(argv[2], "unix:", 5) ? xenefi_spawn(argv + 2, XENEFI_X86_64)
						        : xenefi_connect(argv[2] + 5, XENEFI_X86_64);
	if (!x) return perror(argv[2]), 1;
	op.name = (uintptr_t)name;
	op.data = (uintptr_t)data;
	memcpy(op.guid, global, 16);
	struct xenefi_region regions[] = { { name, sizeof name, sizeof name }, { data, sizeof data, 0 } };
	long ret = xenefi_platform_op(x, &op, regions, 2);
	printf("ret %ld status 0x%llx size %llu attributes %u\n", ret, (unsigned long long)op.status,
	       (unsigned long long)op.size, op.misc);
	for (uint64_t i = 0; ret == 0 && op.status == 0 && i < op.size; i++) printf("%02x", data[i]);
	printf("\n");
	xenefi_close(x);
	return ret != 0 || op.status != 0;
}
