/*
 * Plays recorded hypercalls on machines of the C library and compares the answers byte by byte:
 *
 *   replay WAY IMAGE CALLS [IMAGE CALLS]...
 *
 * WAY is a number of enum xenefi_guest. A CALLS file (call-file.ts) has little-endian u32 fields: the guest's memory as a
 * count of pieces {start, bytes}; then calls {state, op low, op high, ret, reason, bytes laid, verdicts, bytes changed}; at
 * the end FLASH and the flash's bytes. Bytes laid or changed are a count of {start, bytes, data}. The guest's addresses are this
 * process's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "xenefi.h"

#define CALL 1
#define FLASH 2
#define PIECES_MAX 8

struct reader {
	const uint8_t *at, *end;
};

static struct {
	uint32_t start, bytes;
	uint8_t *expected;
} pieces[PIECES_MAX];
static uint32_t piece_count;
static unsigned long calls, compared, verdicts;
static unsigned int failures;

static void fail(const char *what, long got, long expected)
{
	printf("call %lu: %s %ld, expected %ld\n", calls, what, got, expected);
	if (++failures == 20)
		exit(1);
}

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(2);
}

static const uint8_t *take(struct reader *r, uint32_t bytes)
{
	const uint8_t *at = r->at;

	if (bytes > (size_t)(r->end - r->at)) {
		fprintf(stderr, "the calls end early\n");
		exit(2);
	}
	r->at += bytes;
	return at;
}

static uint32_t u32(struct reader *r)
{
	uint32_t value;

	memcpy(&value, take(r, 4), 4);
	return value;
}

static struct reader open_file(const char *name)
{
	struct stat status;
	int file = open(name, O_RDONLY);
	uint8_t *bytes;

	if (file < 0 || fstat(file, &status) != 0)
		die(name);
	bytes = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	if (bytes == MAP_FAILED)
		die(name);
	close(file);
	return (struct reader){ bytes, bytes + status.st_size };
}

static void lay_memory(struct xenefi *x, struct reader *r)
{
	piece_count = u32(r);
	if (piece_count > PIECES_MAX)
		die("pieces");
	for (uint32_t i = 0; i < piece_count; i++) {
		uint32_t start = u32(r), bytes = u32(r);
		void *place = (void *)(uintptr_t)start;

		munmap(place, bytes);
		if (mmap(place, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != place)
			die("guest memory");
		pieces[i].start = start;
		pieces[i].bytes = bytes;
		free(pieces[i].expected);
		pieces[i].expected = calloc(bytes, 1);
		if (xenefi_map(x, place, bytes, 1) != 0)
			die("xenefi_map");
	}
}

/* What the guest has written, or what the hypervisor is to have written, which the process does not have yet. */
static void change_memory(struct reader *r, bool laid)
{
	for (uint32_t count = u32(r); count > 0; count--) {
		uint32_t start = u32(r), bytes = u32(r);
		const uint8_t *data = take(r, bytes);

		for (uint32_t i = 0; i < piece_count; i++) {
			if (start - pieces[i].start < pieces[i].bytes)
				memcpy(pieces[i].expected + (start - pieces[i].start), data, bytes);
		}
		if (laid)
			memcpy((void *)(uintptr_t)start, data, bytes);
	}
}

static void compare_memory(void)
{
	for (uint32_t i = 0; i < piece_count; i++) {
		const uint8_t *found = (const uint8_t *)(uintptr_t)pieces[i].start;

		compared += pieces[i].bytes;
		if (memcmp(found, pieces[i].expected, pieces[i].bytes) == 0)
			continue;
		for (uint32_t at = 0; at < pieces[i].bytes; at++) {
			if (found[at] == pieces[i].expected[at])
				continue;
			printf("at 0x%x: ", pieces[i].start + at);
			fail("byte", found[at], pieces[i].expected[at]);
			break;
		}
	}
}

/* The verdicts of the call in hand: what was asked {bytes, data} three times, and {yes, is trusted, digest bytes, digest}. */

static bool is_same(struct reader *r, const void *asked, size_t bytes)
{
	uint32_t expected = u32(r);
	const uint8_t *data = take(r, expected);

	return expected == bytes && (bytes == 0 || memcmp(asked, data, bytes) == 0);
}

static int verify(void *context, const struct xenefi_signature *asked, struct xenefi_signer *signer)
{
	struct reader *r = context;
	bool same = is_same(r, asked->message, asked->message_bytes);
	int yes;

	same &= is_same(r, asked->signature, asked->signature_bytes);
	same &= is_same(r, asked->trusted, asked->trusted_bytes);
	verdicts++;
	if (!same)
		fail("signature asked otherwise", 0, 1);
	yes = u32(r);
	signer->is_trusted = u32(r);
	signer->digest_bytes = u32(r);
	memcpy(signer->digest, take(r, signer->digest_bytes), signer->digest_bytes);
	return yes;
}

static int has_rsa_key(void *context, const void *certificate, size_t bytes)
{
	struct reader *r = context;

	verdicts++;
	if (!is_same(r, certificate, bytes))
		fail("certificate asked otherwise", 0, 1);
	return u32(r);
}

static void make_call(struct xenefi *x, struct reader *r)
{
	static const enum xenefi_state states[] = { XENEFI_UNPRIVILEGED, XENEFI_NO_EFI_BOOT, XENEFI_NO_RUNTIME_SERVICES,
						    XENEFI_NO_PLATFORM_OPS, XENEFI_OTHER_INTERFACE };
	uint32_t state = u32(r);
	uint64_t op = u32(r);
	int32_t ret;
	uint32_t reason, verdict_bytes;
	struct reader answers;
	long got;

	op |= (uint64_t)u32(r) << 32;
	ret = u32(r);
	reason = u32(r);
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		xenefi_set_state(x, states[i], state & states[i]);
	change_memory(r, true);
	verdict_bytes = u32(r);
	answers.at = take(r, verdict_bytes);
	answers.end = answers.at + verdict_bytes;
	xenefi_set_verifier(x, &(struct xenefi_verifier){ verify, has_rsa_key, &answers });
	calls++;
	got = xenefi_platform_op(x, (void *)op);
	if (got != ret)
		fail("ret", got, ret);
	if (xenefi_reason(x) != reason)
		fail("reason", xenefi_reason(x), reason);
	if (answers.at != answers.end)
		fail("verdicts left", answers.end - answers.at, 0);
	change_memory(r, false);
	compare_memory();
}

static void compare_flash(struct xenefi *x, struct reader *r)
{
	size_t bytes;
	const void *flash = xenefi_flash(x, &bytes);

	if (bytes != (size_t)(r->end - r->at) || memcmp(flash, r->at, bytes) != 0)
		fail("flash bytes", bytes, r->end - r->at);
	compared += bytes;
}

static void play(const char *image, const char *file, int way)
{
	struct reader r = open_file(file);
	struct xenefi *x = xenefi_open(image);

	if (x == NULL) {
		fprintf(stderr, "%s\n", xenefi_error());
		exit(2);
	}
	lay_memory(x, &r);
	if (xenefi_set_guest(x, way) != 0)
		die("xenefi_set_guest");
	while (u32(&r) == CALL)
		make_call(x, &r);
	compare_flash(x, &r);
	xenefi_close(x);
}

int main(int count, char **arguments)
{
	for (int i = 2; i + 1 < count; i += 2)
		play(arguments[i], arguments[i + 1], atoi(arguments[1]));
	printf("%lu calls, %lu bytes, %lu verdicts, %u differences\n", calls, compared, verdicts, failures);
	return failures != 0;
}
