/*
 * Plays a script of EFI runtime calls (`xenefi script TRACE -o FILE`) on a real Dom0 by HYPERVISOR_platform_op through
 * /dev/xen/privcmd, and prints a trace with the answers, which `xenefi replay` compares.
 *
 *   cc -O2 -o play play.c && sudo ./play --yes FILE > answers.jsonl
 *
 * Linux, x86_64 or arm64. SetVariable is really made: it WRITES TO THE MACHINE'S NVRAM.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* include/uapi/xen/privcmd.h of Linux */
struct privcmd_hypercall {
	uint64_t op, arg[5];
};
#define IOCTL_PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

/* xen/include/public/xen.h and platform.h */
enum { PLATFORM_OP = 7, INTERFACE_VERSION = 0x03000001, EFI_RUNTIME_CALL = 49 };
enum { GET_VARIABLE = 6, SET_VARIABLE = 7, GET_NEXT_VARIABLE_NAME = 8, QUERY_VARIABLE_INFO = 9 };

struct variable_call {
	uint64_t name, size, data;
	uint8_t guid[16];
};
struct next_name_call {
	uint64_t size, name;
	uint8_t guid[16];
};
struct info_call {
	uint32_t attributes, pad;
	uint64_t max_store, remain_store, max_variable;
};
struct platform_op {
	uint32_t cmd, interface_version, function, misc;
	uint64_t status;
	union {
		struct variable_call variable;
		struct next_name_call next;
		struct info_call info;
		uint8_t bytes[112];
	};
};
_Static_assert(sizeof(struct platform_op) == 136, "struct xen_platform_op");

/* Bytes that end where mapped memory ends: the page behind them faults on any access. */
struct buffer {
	void *pages;
	size_t page_bytes;
	uint8_t *start;
	size_t bytes;
	/* What the call is given: the buffer, or an address that leads nowhere. */
	uint64_t handle;
};

static int privcmd, hypercall_buffers;

static void fail(const char *what)
{
	fprintf(stderr, "play: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void refuse(size_t line, const char *wanted)
{
	fprintf(stderr, "play: line %zu: %s\n", line, wanted);
	exit(1);
}

/*
 * Xen reads the caller's memory as it finds it: it must not be paged out or moved. /dev/xen/hypercall gives such pages (not
 * more than 64 by default); else they are locked, as libxencall does it.
 */
static struct buffer make_buffer(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), mapped = (bytes + page - 1) / page * page;
	struct buffer buffer = { .page_bytes = mapped + page, .bytes = bytes };
	void *got = MAP_FAILED;

	buffer.pages = mmap(NULL, buffer.page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer.pages == MAP_FAILED) fail("mmap");
	if (mapped > 0 && hypercall_buffers >= 0)
		got = mmap(buffer.pages, mapped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, hypercall_buffers, 0);
	if (mapped > 0 && got == MAP_FAILED) {
		got = mmap(buffer.pages, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		if (got == MAP_FAILED) fail("mmap");
		if (mlock(buffer.pages, mapped) != 0) fail("mlock");
		if (madvise(buffer.pages, mapped, MADV_DONTFORK) != 0) fail("madvise");
	}
	buffer.start = (uint8_t *)buffer.pages + mapped - bytes;
	buffer.handle = (uintptr_t)buffer.start;
	return buffer;
}

static void free_buffer(struct buffer *buffer)
{
	munmap(buffer->pages, buffer->page_bytes);
}

/* One line: the call's function, misc, size, attr, GUID, name and data as hexadecimal bytes or @address, and the JSON. */
struct call {
	size_t line;
	uint32_t function, misc, attributes;
	uint64_t size;
	uint8_t guid[16];
	struct buffer name, data;
	const char *json;
};

static char *next_field(struct call *call, char **rest)
{
	char *field = *rest, *end = strchr(field, ' ');

	if (end == NULL || end == field) refuse(call->line, "ten fields with one blank between them");
	*end = '\0';
	*rest = end + 1;
	return field;
}

static uint64_t next_number(struct call *call, char **rest, uint64_t most)
{
	char *field = next_field(call, rest), *end;

	errno = 0;
	uint64_t value = strtoull(field, &end, 0);
	if (errno != 0 || *end != '\0' || *field < '0' || *field > '9' || value > most)
		refuse(call->line, "a number that is not too large");
	return value;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9') return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Writes as many of the bytes as there is room for. */
static void read_hex(struct call *call, const char *text, uint8_t *bytes, size_t room)
{
	for (size_t i = 0; text[2 * i] != '\0'; i++) {
		int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);
		if (low < 0) refuse(call->line, "pairs of hexadecimal digits");
		if (i < room) bytes[i] = (uint8_t)(high << 4 | low);
	}
}

/* Two fields: how many bytes are mapped; "x" and what they begin with, or "@" and the handle to give instead. */
static struct buffer next_buffer(struct call *call, char **rest, uint8_t filler)
{
	struct buffer buffer = make_buffer(next_number(call, rest, 1 << 20));
	char *content = next_field(call, rest), *end;

	memset(buffer.start, filler, buffer.bytes);
	if (*content == 'x') {
		read_hex(call, content + 1, buffer.start, buffer.bytes);
	} else {
		buffer.handle = strtoull(content + 1, &end, 16);
		if (*content != '@' || content[1] == '\0' || *end != '\0') refuse(call->line, "x and bytes, or @ and an address");
	}
	return buffer;
}

static void read_call(struct call *call, char *line)
{
	char *rest = line;

	call->function = (uint32_t)next_number(call, &rest, QUERY_VARIABLE_INFO);
	if (call->function < GET_VARIABLE) refuse(call->line, "a function from 6 to 9");
	call->misc = (uint32_t)next_number(call, &rest, UINT32_MAX);
	call->size = next_number(call, &rest, UINT64_MAX);
	call->attributes = (uint32_t)next_number(call, &rest, UINT32_MAX);
	read_hex(call, next_field(call, &rest), call->guid, sizeof(call->guid));
	call->name = next_buffer(call, &rest, 0);
	call->data = next_buffer(call, &rest, 0xee);
	call->json = rest;
}

static void lay(const struct call *call, struct platform_op *op)
{
	memset(op, 0xa5, sizeof(*op));
	op->cmd = EFI_RUNTIME_CALL;
	op->interface_version = INTERFACE_VERSION;
	op->function = call->function;
	op->misc = call->misc;
	if (call->function == QUERY_VARIABLE_INFO) {
		op->info.attributes = call->attributes;
	} else if (call->function == GET_NEXT_VARIABLE_NAME) {
		op->next.size = call->size;
		op->next.name = call->name.handle;
		memcpy(op->next.guid, call->guid, sizeof(call->guid));
	} else {
		op->variable.name = call->name.handle;
		op->variable.size = call->size;
		op->variable.data = call->data.handle;
		memcpy(op->variable.guid, call->guid, sizeof(call->guid));
	}
}

static long platform_op(struct platform_op *op)
{
	struct privcmd_hypercall hypercall = { .op = PLATFORM_OP, .arg = { (uintptr_t)op } };
	long ret = ioctl(privcmd, IOCTL_PRIVCMD_HYPERCALL, &hypercall);

	return ret == -1 ? -errno : ret;
}

static void print_hex(const char *member, const uint8_t *bytes, size_t count)
{
	printf(",\"%s\":\"", member);
	for (size_t i = 0; i < count; i++) printf("%02x", bytes[i]);
	printf("\"");
}

static void print_guid(const uint8_t *g)
{
	printf(",\"guid\":\"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\"", g[3], g[2], g[1], g[0],
	       g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]);
}

/* Bytes up to the last one that is not `filler`. */
static size_t used(const uint8_t *bytes, size_t count, uint8_t filler)
{
	while (count > 0 && bytes[count - 1] == filler) count--;
	return count;
}

static size_t least(uint64_t size, size_t room)
{
	return size < room ? (size_t)size : room;
}

/* What a failed read left in the buffer all the same. `before`: what that held. */
static void print_touched(const struct buffer *data, const uint8_t *before)
{
	size_t count = data->bytes;

	while (count > 0 && data->start[count - 1] == before[count - 1]) count--;
	if (count > 0) print_hex("dataTouched", data->start, count);
}

static void print_next_name(const struct call *call, const struct platform_op *op)
{
	const struct buffer *name = &call->name;
	size_t bytes = least(op->next.size, name->bytes), tail;

	print_hex("nameHex", name->start, bytes < 2 ? 0 : bytes - 2);
	print_guid(op->next.guid);
	tail = used(name->start + bytes, name->bytes - bytes, 0);
	if (tail > 0) print_hex("nameTail", name->start + bytes, least((tail + 1) & ~(size_t)1, name->bytes - bytes));
}

static void print_answer(const struct call *call, const struct platform_op *op, long ret, const uint8_t *before)
{
	/* "{"fn":…,"in":{…}}" without its end, and the answer. */
	printf("%.*s,\"out\":{\"ret\":%ld", (int)strlen(call->json) - 1, call->json, ret);
	if (ret == 0) printf(",\"status\":\"0x%016" PRIx64 "\",\"misc\":%" PRIu32, op->status, op->misc);
	if (call->function == GET_VARIABLE) {
		if (ret == 0) printf(",\"size\":%" PRIu64, op->variable.size);
		if (ret == 0 && op->status == 0)
			print_hex("data", call->data.start, least(op->variable.size, call->data.bytes));
		else
			print_touched(&call->data, before);
	}
	if (call->function == GET_NEXT_VARIABLE_NAME && ret == 0) {
		printf(",\"size\":%" PRIu64, op->next.size);
		if (op->status == 0) print_next_name(call, op);
	}
	if (call->function == QUERY_VARIABLE_INFO && ret == 0)
		printf(",\"max_store_size\":\"0x%" PRIx64 "\",\"remain_store_size\":\"0x%" PRIx64 "\",\"max_size\":\"0x%" PRIx64 "\"",
		       op->info.max_store, op->info.remain_store, op->info.max_variable);
	printf("}}\n");
	/* What was answered is known, even if the machine does not survive the next call. */
	fflush(stdout);
}

static void play(struct call *call, char *line)
{
	struct buffer op = make_buffer(sizeof(struct platform_op));
	uint8_t *before;

	read_call(call, line);
	lay(call, (struct platform_op *)op.start);
	before = malloc(call->data.bytes + 1);
	if (before == NULL) fail("malloc");
	memcpy(before, call->data.start, call->data.bytes);
	print_answer(call, (struct platform_op *)op.start, platform_op((struct platform_op *)op.start), before);
	free(before);
	free_buffer(&call->name);
	free_buffer(&call->data);
	free_buffer(&op);
}

/* A line without its end, or 0 at the end of the file. */
static int read_line(FILE *script, char **line, size_t *room)
{
	ssize_t bytes = getline(line, room, script);

	if (bytes <= 0) return 0;
	if ((*line)[bytes - 1] == '\n') (*line)[bytes - 1] = '\0';
	return 1;
}

int main(int argc, char **argv)
{
	struct call call = { .line = 2 };
	char *line = NULL;
	size_t room = 0;
	FILE *script;

	if (argc != 3 || strcmp(argv[1], "--yes") != 0) {
		fprintf(stderr, "usage: play --yes SCRIPT\n"
				"This makes EFI runtime calls on this machine; SetVariable WRITES TO ITS NVRAM.\n");
		return 2;
	}
	script = fopen(argv[2], "r");
	if (script == NULL) fail(argv[2]);
	if (!read_line(script, &line, &room) || strcmp(line, "xenefi-script 1") != 0) refuse(1, "xenefi-script 1");
	privcmd = open("/dev/xen/privcmd", O_RDWR | O_CLOEXEC);
	if (privcmd < 0) fail("/dev/xen/privcmd");
	hypercall_buffers = open("/dev/xen/hypercall", O_RDWR | O_CLOEXEC);
	if (!read_line(script, &line, &room)) refuse(2, "the trace's header");
	printf("%s\n", line);
	while (read_line(script, &line, &room)) {
		call.line++;
		play(&call, line);
	}
	free(line);
	fclose(script);
	return 0;
}
