/* What test/interop/serve.test.ts asks of the C client. serve-client SERVER... or serve-client unix:PATH; prints a line a call. */
#include <stdio.h>
#include "../../../examples/c-client/xenefi-client.h"

struct variable_op {
	uint32_t cmd, interface_version, function, misc;
	uint64_t status, name, size, data;
	uint8_t guid[16], rest[72];
};

static struct xenefi *x;
/* As long as the piece that a server asks for: sanitizers look at each byte. */
static _Alignas(64) uint16_t name[32] = u"FromC";
static uint8_t data[40];

static void call(const char *what, uint32_t function, void *name, void *data, uint64_t size, int n)
{
	struct variable_op op = { 49, 0x03000001, function, function == 7 ? 7 : 0, 0, (uintptr_t)name, size, (uintptr_t)data, { 1, 2, 3 }, { 0 } };
	struct xenefi_region regions[] = { { name, sizeof(uint16_t) * 6, sizeof(uint16_t) * 6 }, { data, size, function == 7 ? size : 0 } };
	long ret = xenefi_platform_op(x, &op, regions, n);
	printf("%s: ret %ld status 0x%llx size %llu attributes %u", what, ret, (unsigned long long)op.status, (unsigned long long)op.size, op.misc);
	printf(" handles %s\n", op.name == (uintptr_t)name && op.data == (uintptr_t)data ? "kept" : "lost");
}

int main(int argc, char **argv)
{
	if (argc < 2) return 2;
	x = strncmp(argv[1], "unix:", 5) ? xenefi_spawn(argv + 1, XENEFI_X86_64) : xenefi_connect(argv[1] + 5, XENEFI_X86_64);
	if (!x) return perror("server"), 1;
	for (int i = 0; i < 40; i++) data[i] = i;
	call("set, regions along", 7, name, data, 33, 2);
	memset(data, 0xcc, sizeof data);
	call("get, regions along", 6, name, data, 40, 2);
	printf("data %02x %02x %02x\n", data[1], data[32], data[33]);
	call("get, asked for", 6, name, data, 40, 0);
	call("get, too small", 6, name, data, 32, 2);
	call("set, asked for", 7, name, data, 20, 0);
	call("get, NULL data", 6, name, NULL, 40, 0);
	call("get, NULL name", 6, NULL, data, 40, 0);
	printf("%s\n", xenefi_ctl(x, "{\"reason\":{}}"));
	printf("%s\n", xenefi_ctl(x, "{\"get\":{\"name\":\"FromC\",\"guid\":\"00030201-0000-0000-0000-000000000000\"}}"));
	printf("%s\n", xenefi_ctl(x, "{\"clock\":{\"advance\":-1.5}}"));
	xenefi_close(x);
	return 0;
}
