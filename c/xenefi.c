// SPDX-License-Identifier: MIT
/*
 * The C host of the core. The core is WebAssembly, converted by wasm2c; its memory is reserved here, and what it imports is
 * answered here. xenefi-core.c, xenefi-layout.h, xenefi-words.h and xenefi-image.h are generated (scripts/build-c.mjs).
 *
 * Accesses of the core are checked by reserving all that it can address. -DWASM_RT_MEMCHECK_SIGNAL_HANDLER=0 makes each
 * access check itself, for processes that may not reserve 8 GiB of addresses; it costs time.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* The core does not recurse. */
#define WASM_RT_USE_STACK_DEPTH_COUNT 0

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-value"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#include "xenefi-core.c"
#pragma GCC diagnostic pop

#include "xenefi-image.h"
#include "xenefi-layout.h"
#include "xenefi.h"

/* As many pages as the core can have: copies from guest memory lie behind its own blocks. */
#define CORE_PAGES 1024
#define CORE_BYTES (CORE_PAGES * 65536u)
/* A 32-bit address and a 32-bit offset of an access. */
#define RESERVED_BYTES (WASM_RT_MEMCHECK_SIGNAL_HANDLER ? 0x200000000ull : CORE_BYTES)

/* Guest addresses from which on all are mapped alike are multiples of this at least. */
#define GUEST_PAGE_BYTES 4096

#define IMAGE_MAGIC 0x49464558u
#define IMAGE_HEADER_BYTES 16
#define IMAGE_RUN_BYTES 12
#define IMAGE_LITERAL 0x100u

struct range {
	uintptr_t start;
	size_t bytes;
	int writable;
};

struct xenefi {
	wasm_rt_memory_t memory;
	Z_xenefi_core_instance_t core;
	enum xenefi_guest guest;
	struct range *ranges;
	size_t range_count;
	struct xenefi_verifier verifier;
};

const uint8_t xenefi_global_guid[16] = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
					 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c };

/* What wasm2c's code asks of its runtime. */

bool wasm_rt_is_initialized(void)
{
	return true;
}

/* The core has no table of functions: nobody compares their types. */
uint32_t wasm_rt_register_func_type(uint32_t parameters, uint32_t results, ...)
{
	(void)parameters;
	(void)results;
	return 0;
}

/* The core does not trap, whatever the guest does: its state was damaged, and nothing that it says could be believed. */
void wasm_rt_trap(wasm_rt_trap_t trap)
{
	fprintf(stderr, "xenefi: the core has trapped (%d): a damaged image, or an error of xenefi's\n", trap);
	abort();
}

wasm_rt_memory_t *Z_envZ_memory(struct Z_env_instance_t *machine)
{
	return &((struct xenefi *)machine)->memory;
}

static uint8_t *core_at(const struct xenefi *x, uint32_t address)
{
	return x->memory.data + address;
}

static uint32_t core_u32(const struct xenefi *x, uint32_t address)
{
	uint32_t value;

	memcpy(&value, core_at(x, address), sizeof(value));
	return value;
}

static void core_set_u32(struct xenefi *x, uint32_t address, uint32_t value)
{
	memcpy(core_at(x, address), &value, sizeof(value));
}

/* Guest memory. */

#if defined(__clang__) || defined(__GNUC__)
#define UNCHECKED __attribute__((no_sanitize("address", "undefined")))
#endif

struct unit {
	uint64_t value;
} __attribute__((packed, may_alias));

/*
 * Reads guest memory. A hypervisor knows of pages, not of the C objects in them, and a name is read in pieces of 64 bytes: a
 * sanitizer that looks at such reads would be wrong. (Writes are left to it: what it says of them is a shim's fault.)
 */
UNCHECKED static void read_unchecked(uint8_t *to, const uint8_t *from, size_t bytes)
{
	const uint8_t *words_end = from + (bytes & ~(size_t)7);
	const uint8_t *end = from + bytes;

	for (; from < words_end; from += 8, to += 8) {
		uint64_t word = ((const struct unit *)from)->value;

		/* Keeps the compiler from making a call of memcpy of it. */
		__asm__ volatile("" : "+r"(word));
		((struct unit *)to)->value = word;
	}
	for (; from < end; from++, to++) {
		uint8_t byte = *from;

		__asm__ volatile("" : "+r"(byte));
		*to = byte;
	}
}

struct transfer {
	uint8_t *own;
	uintptr_t guest;
	size_t bytes;
	bool is_write;
};

/* Bytes from `guest` up to the page's end, at most `bytes`: they are all mapped, or none. */
static size_t bytes_in_page(uintptr_t guest, size_t bytes)
{
	size_t left = GUEST_PAGE_BYTES - guest % GUEST_PAGE_BYTES;

	return bytes < left ? bytes : left;
}

static void move(const struct transfer *t, size_t from, size_t bytes)
{
	if (t->is_write)
		memcpy((void *)(t->guest + from), t->own + from, bytes);
	else
		read_unchecked(t->own + from, (const void *)(t->guest + from), bytes);
}

/* Each way answers how many bytes were copied before a fault. */

/* The kernel copies page by page, and stops at one that is not mapped. */
static size_t copy_probed(const struct transfer *t)
{
	struct iovec own = { t->own, t->bytes };
	struct iovec guest = { (void *)t->guest, t->bytes };
	/* Another process after a fork. */
	pid_t self = getpid();
	ssize_t copied = t->is_write ? process_vm_writev(self, &own, 1, &guest, 1, 0) :
				       process_vm_readv(self, &own, 1, &guest, 1, 0);

	return copied < 0 ? 0 : copied;
}

/* Where a fault of this thread's copy goes; NULL while there is none. */
static _Thread_local sigjmp_buf *volatile landing;

static size_t copy_guarded(const struct transfer *t)
{
	sigjmp_buf here;
	volatile size_t done = 0;

	landing = &here;
	if (sigsetjmp(here, 0) == 0) {
		while (done < t->bytes) {
			size_t bytes = bytes_in_page(t->guest + done, t->bytes - done);

			move(t, done, bytes);
			done += bytes;
		}
	}
	landing = NULL;
	return done;
}

static const struct range *range_of(const struct xenefi *x, uintptr_t address)
{
	for (size_t i = 0; i < x->range_count; i++) {
		if (address - x->ranges[i].start < x->ranges[i].bytes)
			return &x->ranges[i];
	}
	return NULL;
}

/* Ranges may adjoin. */
static size_t copy_in_ranges(const struct xenefi *x, const struct transfer *t)
{
	size_t done = 0;

	while (done < t->bytes) {
		const struct range *range = range_of(x, t->guest + done);
		size_t left;

		if (range == NULL || (t->is_write && !range->writable))
			break;
		left = range->bytes - (t->guest + done - range->start);
		if (left > t->bytes - done)
			left = t->bytes - done;
		move(t, done, left);
		done += left;
	}
	return done;
}

static uint32_t copy(struct xenefi *x, struct transfer t)
{
	size_t done = x->guest == XENEFI_RANGES	 ? copy_in_ranges(x, &t) :
		      x->guest == XENEFI_GUARDED ? copy_guarded(&t) :
						   copy_probed(&t);

	return t.bytes - done;
}

static uintptr_t guest_address(uint32_t low, uint32_t high)
{
	return (uintptr_t)((uint64_t)high << 32 | low);
}

u32 Z_guestZ_copyIn(struct Z_guest_instance_t *machine, u32 to, u32 low, u32 high, u32 bytes)
{
	struct xenefi *x = (struct xenefi *)machine;

	return copy(x, (struct transfer){ core_at(x, to), guest_address(low, high), bytes, false });
}

u32 Z_guestZ_copyOut(struct Z_guest_instance_t *machine, u32 from, u32 low, u32 high, u32 bytes)
{
	struct xenefi *x = (struct xenefi *)machine;

	return copy(x, (struct transfer){ core_at(x, from), guest_address(low, high), bytes, true });
}

static const int caught[] = { SIGSEGV, SIGBUS };
static struct sigaction earlier[2];

static void pass_on(int number, siginfo_t *info, void *context)
{
	struct sigaction *action = &earlier[number == SIGBUS];

	if (action->sa_flags & SA_SIGINFO)
		action->sa_sigaction(number, info, context);
	else if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN)
		action->sa_handler(number);
	else
		/* The access is made again, and ends as it would have without us. */
		signal(number, SIG_DFL);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	if (landing != NULL)
		siglongjmp(*landing, 1);
	pass_on(number, info, context);
}

/* SA_NODEFER: the jump out of the handler leaves the signal as it was. */
static void catch_faults(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };
	struct sigaction now;

	for (size_t i = 0; i < 2; i++) {
		sigaction(caught[i], NULL, &now);
		if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == on_fault)
			continue;
		earlier[i] = now;
		sigaction(caught[i], &action, NULL);
	}
}

/* 0, or the negative errno for which a process cannot read its own memory so. */
static int try_probing(void)
{
	uint8_t from = 0, to;

	return copy_probed(&(struct transfer){ &to, (uintptr_t)&from, 1, false }) == 1 ? 0 : -errno;
}

int xenefi_set_guest(struct xenefi *x, enum xenefi_guest guest)
{
	int error = guest == XENEFI_PROBED ? try_probing() : 0;

	if (error != 0)
		return error;
	if (guest == XENEFI_GUARDED)
		catch_faults();
	x->guest = guest;
	return 0;
}

int xenefi_map(struct xenefi *x, const void *start, size_t bytes, int writable)
{
	struct range range = { (uintptr_t)start, bytes, writable };
	struct range *ranges;

	if (bytes == 0 || range.start + (bytes - 1) < range.start)
		return -EINVAL;
	for (size_t i = 0; i < x->range_count; i++) {
		const struct range *other = &x->ranges[i];

		if (range.start - other->start < other->bytes || other->start - range.start < bytes)
			return -EINVAL;
	}
	ranges = realloc(x->ranges, (x->range_count + 1) * sizeof(range));
	if (ranges == NULL)
		return -ENOMEM;
	ranges[x->range_count++] = range;
	x->ranges = ranges;
	return 0;
}

int xenefi_unmap(struct xenefi *x, const void *start)
{
	for (size_t i = 0; i < x->range_count; i++) {
		if (x->ranges[i].start != (uintptr_t)start)
			continue;
		x->ranges[i] = x->ranges[--x->range_count];
		return 0;
	}
	return -ENOENT;
}

/* The core's other imports. */

u32 Z_hostZ_verify(struct Z_host_instance_t *machine, u32 message, u32 message_bytes, u32 signature, u32 signature_bytes,
		   u32 trusted, u32 trusted_bytes, u32 verdict)
{
	struct xenefi *x = (struct xenefi *)machine;
	struct xenefi_signer signer = { 0 };
	const struct xenefi_signature asked = {
		core_at(x, message),   message_bytes,
		core_at(x, signature), signature_bytes,
		trusted_bytes == 0 ? NULL : core_at(x, trusted), trusted_bytes,
	};

	if (x->verifier.verify == NULL || !x->verifier.verify(x->verifier.context, &asked, &signer) ||
	    signer.digest_bytes > sizeof(signer.digest))
		return 0;
	core_set_u32(x, verdict, trusted_bytes != 0 && signer.is_trusted);
	core_set_u32(x, verdict + 4, signer.digest_bytes);
	memcpy(core_at(x, verdict + 8), signer.digest, signer.digest_bytes);
	return 1;
}

u32 Z_hostZ_hasRsaKey(struct Z_host_instance_t *machine, u32 certificate, u32 bytes)
{
	struct xenefi *x = (struct xenefi *)machine;

	return x->verifier.has_rsa_key != NULL &&
	       x->verifier.has_rsa_key(x->verifier.context, core_at(x, certificate), bytes);
}

/* There is no flash device: no image has ATTENTION_WRITE_THROUGH. */

void Z_hostZ_flashWritten(struct Z_host_instance_t *machine, u32 offset, u32 bytes)
{
	(void)machine, (void)offset, (void)bytes;
}

void Z_hostZ_flashSync(struct Z_host_instance_t *machine)
{
	(void)machine;
}

void xenefi_set_verifier(struct xenefi *x, const struct xenefi_verifier *verifier)
{
	x->verifier = verifier == NULL ? (struct xenefi_verifier){ 0 } : *verifier;
}

/* Images. */

static _Thread_local char error_text[256];

__attribute__((format(printf, 1, 2))) static bool failed(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error_text, sizeof(error_text), format, arguments);
	va_end(arguments);
	return false;
}

const char *xenefi_error(void)
{
	return error_text;
}

struct image {
	const char *name;
	const uint8_t *bytes;
	size_t length;
};

static uint32_t u32_at(const struct image *image, size_t offset)
{
	const uint8_t *at = image->bytes + offset;

	return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint32_t crc32_of(const uint8_t *bytes, size_t length)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < length; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static bool check_header(const struct image *image)
{
	size_t body = image->length - IMAGE_HEADER_BYTES;

	if (image->length < IMAGE_HEADER_BYTES || u32_at(image, 0) != IMAGE_MAGIC)
		return failed("%s: offset 0x0: expected a machine image (\"XEFI\")", image->name);
	if (u32_at(image, 4) != CORE_LAYOUT_VERSION)
		return failed("%s: offset 0x4: expected an image of layout %d, made by the package that this library is of, not %u",
			      image->name, CORE_LAYOUT_VERSION, u32_at(image, 4));
	if (u32_at(image, 12) != body)
		return failed("%s: offset 0xc: expected %zu bytes behind the header, not %u", image->name, body,
			      u32_at(image, 12));
	if (u32_at(image, 8) != crc32_of(image->bytes + IMAGE_HEADER_BYTES, body))
		return failed("%s: offset 0x8: expected the CRC-32 of what lies behind the header: the image is damaged",
			      image->name);
	return true;
}

/* Where the run at `offset` ends; 0 if it is none. */
static size_t run_end(const struct image *image, size_t offset)
{
	size_t left = image->length - offset;
	uint32_t address, bytes, filler;
	uint64_t literal;

	if (left < IMAGE_RUN_BYTES)
		return 0;
	address = u32_at(image, offset);
	bytes = u32_at(image, offset + 4);
	filler = u32_at(image, offset + 8);
	literal = filler == IMAGE_LITERAL ? ((uint64_t)bytes + 3) & ~(uint64_t)3 : 0;
	if (address < CORE_STATE || bytes > CORE_WINDOW || address > CORE_WINDOW - bytes || filler > IMAGE_LITERAL ||
	    literal > left - IMAGE_RUN_BYTES)
		return 0;
	return offset + IMAGE_RUN_BYTES + literal;
}

static bool apply(struct xenefi *x, const struct image *image)
{
	size_t offset = IMAGE_HEADER_BYTES;

	while (offset < image->length) {
		size_t end = run_end(image, offset);
		uint32_t filler;

		if (end == 0)
			return failed("%s: offset 0x%zx: expected a run of core memory", image->name, offset);
		filler = u32_at(image, offset + 8);
		if (filler == IMAGE_LITERAL)
			memcpy(core_at(x, u32_at(image, offset)), image->bytes + offset + IMAGE_RUN_BYTES, u32_at(image, offset + 4));
		else
			memset(core_at(x, u32_at(image, offset)), filler, u32_at(image, offset + 4));
		offset = end;
	}
	return true;
}

/* The machine's guest is this process, whatever it was before. */
static void move_in(struct xenefi *x)
{
	core_set_u32(x, CORE_STATE_ATTENTION, core_u32(x, CORE_STATE_ATTENTION) | CORE_ATTENTION_FOREIGN);
	core_set_u32(x, CORE_STATE_WINDOW_BYTES, CORE_BYTES - CORE_WINDOW - CORE_WINDOW_SLACK);
}

/* Puts the image into a file in memory, which the core's memory then is a private copy of. */
static bool fill(struct xenefi *x, const struct image *image)
{
	int file = memfd_create("xenefi", MFD_CLOEXEC);
	uint8_t *place = x->memory.data;
	bool done;

	if (file < 0 || ftruncate(file, CORE_BYTES) != 0 ||
	    mmap(place, CORE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) {
		failed("%s: memory for the core: %s", image->name, strerror(errno));
		if (file >= 0)
			close(file);
		return false;
	}
	Z_xenefi_core_init_module();
	Z_xenefi_core_instantiate(&x->core, (struct Z_env_instance_t *)x, (struct Z_guest_instance_t *)x,
				  (struct Z_host_instance_t *)x);
	done = apply(x, image);
	move_in(x);
	if (mmap(place, CORE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED)
		done = failed("%s: memory for the core: %s", image->name, strerror(errno));
	close(file);
	return done;
}

void xenefi_reset(struct xenefi *x)
{
	/* Of a private copy: pages that were written to are the file's again. */
	madvise(x->memory.data, CORE_BYTES, MADV_DONTNEED);
}

static struct xenefi *make(const struct image *image)
{
	struct xenefi *x;
	void *place;

	if (!check_header(image))
		return NULL;
	x = calloc(1, sizeof(*x));
	place = mmap(NULL, RESERVED_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (x == NULL || place == MAP_FAILED) {
		failed("%s: %llu bytes of addresses for the core: %s", image->name, (unsigned long long)RESERVED_BYTES,
		       strerror(errno));
		free(x);
		return NULL;
	}
	x->memory = (wasm_rt_memory_t){ place, CORE_PAGES, CORE_PAGES, CORE_BYTES };
	if (!fill(x, image)) {
		xenefi_close(x);
		return NULL;
	}
	if (xenefi_set_guest(x, XENEFI_PROBED) != 0)
		xenefi_set_guest(x, XENEFI_GUARDED);
	return x;
}

struct xenefi *xenefi_open(const char *name)
{
	struct image image = { name, NULL, 0 };
	struct xenefi *x = NULL;
	struct stat status;
	int file;

	if (name == NULL)
		return make(&(struct image){ "the built-in image", xenefi_image, sizeof(xenefi_image) });
	file = open(name, O_RDONLY | O_CLOEXEC);
	if (file < 0 || fstat(file, &status) != 0) {
		failed("%s: %s", name, strerror(errno));
	} else if (!S_ISREG(status.st_mode) || status.st_size == 0) {
		failed("%s: offset 0x0: expected a machine image (\"XEFI\")", name);
	} else {
		void *bytes = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);

		if (bytes == MAP_FAILED) {
			failed("%s: %s", name, strerror(errno));
		} else {
			image.bytes = bytes;
			image.length = status.st_size;
			x = make(&image);
			munmap(bytes, status.st_size);
		}
	}
	if (file >= 0)
		close(file);
	return x;
}

void xenefi_close(struct xenefi *x)
{
	if (x == NULL)
		return;
	munmap(x->memory.data, RESERVED_BYTES);
	free(x->ranges);
	free(x);
}

/* Calls and the back door. */

long xenefi_platform_op(struct xenefi *x, void *op)
{
	uint64_t address = (uintptr_t)op;

	if (core_u32(x, CORE_STATE_SHUTDOWN) != 0)
		return -ESHUTDOWN;
	return (int32_t)Z_xenefi_coreZ_dispatch(&x->core, (uint32_t)address, address >> 32);
}

long xenefi_sched_op(struct xenefi *x, int cmd, void *argument)
{
	uint64_t address = (uintptr_t)argument;

	if (core_u32(x, CORE_STATE_SHUTDOWN) != 0)
		return -ESHUTDOWN;
	return (int32_t)Z_xenefi_coreZ_schedOp(&x->core, cmd, (uint32_t)address, address >> 32);
}

int xenefi_shutdown(const struct xenefi *x)
{
	uint32_t shutdown = core_u32(x, CORE_STATE_SHUTDOWN);

	if (shutdown == 0)
		return XENEFI_RUNNING;
	return shutdown == CORE_SHUTDOWN_BY_FIRMWARE ? XENEFI_WARM_RESET : (int)(shutdown & CORE_SHUTDOWN_REASON_MASK);
}

unsigned int xenefi_reason(const struct xenefi *x)
{
	return core_u32(x, CORE_STATE_REASON);
}

static void describe(const struct xenefi *x, uint32_t record, struct xenefi_variable *variable)
{
	static const uint16_t no_name[1];
	uint32_t name_bytes = core_u32(x, record + CORE_RECORD_NAME_BYTES);
	uint32_t data_bytes = core_u32(x, record + CORE_RECORD_DATA_BYTES);

	variable->attributes = core_u32(x, record + CORE_RECORD_ATTRIBUTES);
	variable->guid = core_at(x, record + CORE_RECORD_GUID);
	/* A header that was never completed counts without name and data. */
	if (variable->attributes == UINT32_MAX || name_bytes == UINT32_MAX || data_bytes == UINT32_MAX)
		name_bytes = data_bytes = 0;
	variable->name = name_bytes == 0 ? no_name : (const uint16_t *)(const void *)core_at(x, record + CORE_HEADER_BYTES);
	variable->data = core_at(x, record + CORE_HEADER_BYTES + name_bytes);
	variable->data_bytes = data_bytes;
}

static size_t name_bytes_of(const uint16_t *name)
{
	size_t units = 0;

	while (name[units] != 0)
		units++;
	return 2 * (units + 1);
}

/* Puts GUID, name and data where the core reads them; the name's bytes, or 0 if there is no room. */
static uint32_t stage(struct xenefi *x, const uint16_t *name, const uint8_t *guid, const void *data, size_t bytes)
{
	size_t name_bytes = name_bytes_of(name);

	if (name_bytes > CORE_STAGE_BYTES - 16 || bytes > CORE_STAGE_BYTES - 16 - name_bytes)
		return 0;
	memcpy(core_at(x, CORE_STAGE), guid, 16);
	memcpy(core_at(x, CORE_STAGE + 16), name, name_bytes);
	if (bytes != 0)
		memcpy(core_at(x, CORE_STAGE + 16 + name_bytes), data, bytes);
	return name_bytes;
}

int xenefi_get_variable(struct xenefi *x, const uint16_t *name, const uint8_t guid[16], struct xenefi_variable *variable)
{
	uint32_t name_bytes = stage(x, name, guid, NULL, 0);
	uint32_t record = name_bytes == 0 ? 0 : Z_xenefi_coreZ_lookUp(&x->core, name_bytes);

	if (record == 0)
		return 0;
	describe(x, record, variable);
	return 1;
}

int xenefi_next_variable(struct xenefi *x, uint32_t *cursor, struct xenefi_variable *variable)
{
	*cursor = *cursor == 0 ? Z_xenefi_coreZ_firstRecord(&x->core) : Z_xenefi_coreZ_nextRecord(&x->core, *cursor);
	if (*cursor == 0)
		return 0;
	describe(x, *cursor, variable);
	return 1;
}

int xenefi_set_variable(struct xenefi *x, const uint16_t *name, const uint8_t guid[16], uint32_t attributes, const void *data,
			size_t bytes)
{
	uint32_t name_bytes = stage(x, name, guid, data, bytes);
	uint32_t at_runtime = core_u32(x, CORE_STATE_AT_RUNTIME);
	uint32_t status;

	if (name_bytes == 0)
		return CORE_OUT_OF_RESOURCES;
	core_set_u32(x, CORE_STATE_AT_RUNTIME, 0);
	status = Z_xenefi_coreZ_bootWrite(&x->core, name_bytes, bytes, attributes);
	core_set_u32(x, CORE_STATE_AT_RUNTIME, at_runtime);
	return status;
}

int64_t xenefi_clock(const struct xenefi *x)
{
	int64_t seconds;

	memcpy(&seconds, core_at(x, CORE_STATE_CLOCK_SECONDS), sizeof(seconds));
	return seconds;
}

void xenefi_set_clock(struct xenefi *x, int64_t seconds)
{
	memcpy(core_at(x, CORE_STATE_CLOCK_SECONDS), &seconds, sizeof(seconds));
}

void xenefi_set_state(struct xenefi *x, enum xenefi_state state, int on)
{
	uint32_t attention = core_u32(x, CORE_STATE_ATTENTION);

	core_set_u32(x, CORE_STATE_ATTENTION, on ? attention | state : attention & ~(uint32_t)state);
}

/* EFI_FIRMWARE_VOLUME_HEADER.FvLength */
#define VOLUME_BYTES 32

const void *xenefi_flash(const struct xenefi *x, size_t *bytes)
{
	uint64_t length;

	memcpy(&length, core_at(x, CORE_FLASH + VOLUME_BYTES), sizeof(length));
	*bytes = length < CORE_FLASH_BYTES ? length : CORE_FLASH_BYTES;
	return core_at(x, CORE_FLASH);
}

#include "xenefi-ctl.c"
