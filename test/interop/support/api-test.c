/* The C library's interface, over calls laid out by hand. Without arguments all tests; with one, xenefi_open's answer to it. */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "op.h"
#include "xenefi.h"

#define PAGE 4096
#define WAYS 3

static const uint8_t GUID[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
static const uint16_t TEN[] = u"Ten";

static struct xenefi *x;
/* Three pages, the middle one of which is not accessible, and room behind for what must be mapped. */
static uint8_t *pages;

static int set_up(void **state)
{
	(void)state;
	x = xenefi_open(NULL);
	pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(pages + PAGE, PAGE, PROT_NONE);
	return x == NULL || pages == MAP_FAILED || xenefi_set_variable(x, TEN, GUID, 7, "0123456789", 10) != 0;
}

static int tear_down(void **state)
{
	(void)state;
	xenefi_close(x);
	return munmap(pages, 3 * PAGE);
}

static void choose(int way)
{
	if (way == XENEFI_RANGES) {
		assert_int_equal(xenefi_map(x, pages, PAGE, 1), 0);
		assert_int_equal(xenefi_map(x, pages + 2 * PAGE, PAGE, 1), 0);
	}
	assert_int_equal(xenefi_set_guest(x, way), 0);
}

/* A copy of the name and an op for it in the third page. */
static struct op *lay_get(void *data, uint64_t size)
{
	struct op *op = (struct op *)(pages + 2 * PAGE);
	uint16_t *name = (uint16_t *)(pages + 2 * PAGE + 256);

	memcpy(name, TEN, sizeof(TEN));
	*op = variable_op(GET_VARIABLE, name, GUID, data, size);
	return op;
}

static void a_buffer_that_ends_early_is_filled_up_to_there(void **state)
{
	(void)state;
	for (int way = 0; way < WAYS; way++) {
		uint8_t *data = pages + PAGE - 4;
		struct op *op = lay_get(data, 10), before = *op;

		choose(way);
		memset(pages, 0xee, PAGE);
		memset(pages + 3 * PAGE - 16, 0xee, 16);
		assert_int_equal(xenefi_platform_op(x, op), -EFAULT);
		assert_memory_equal(data, "0123", 4);
		assert_int_equal(data[-1], 0xee);
		assert_memory_equal(op, &before, sizeof(*op));
		op->data = pages + PAGE - 10;
		assert_int_equal(xenefi_platform_op(x, op), 0);
		assert_int_equal(op->status, 0);
		assert_memory_equal(op->data, "0123456789", 10);
	}
}

static void an_op_or_name_may_end_with_its_page_and_not_behind(void **state)
{
	(void)state;
	for (int way = 0; way < WAYS; way++) {
		struct op *op = lay_get(pages + 2 * PAGE + 512, 10);
		struct op *last = (struct op *)(pages + PAGE - sizeof(*op));
		uint16_t *name = (uint16_t *)(pages + PAGE - sizeof(TEN));

		choose(way);
		*last = *op;
		assert_int_equal(xenefi_platform_op(x, last), 0);
		assert_int_equal(last->status, 0);
		memmove((uint8_t *)last + 1, op, sizeof(*op) - 1);
		assert_int_equal(xenefi_platform_op(x, (uint8_t *)last + 1), -EFAULT);
		memcpy(name, TEN, sizeof(TEN));
		op->name = name;
		assert_int_equal(xenefi_platform_op(x, op), 0);
		assert_int_equal(op->status, 0);
		/* The terminator is behind the page. */
		memcpy(name + 1, TEN, sizeof(TEN) - 2);
		op->name = name + 1;
		op->misc = 0;
		assert_int_equal(xenefi_platform_op(x, op), -EFAULT);
	}
}

static void what_can_only_be_read_is_not_written(void **state)
{
	(void)state;
	for (int way = 0; way < 2; way++) {
		struct op *op = lay_get(pages + 100, 10);

		choose(way);
		mprotect(pages, PAGE, PROT_READ);
		assert_int_equal(xenefi_platform_op(x, op), -EFAULT);
		op->function = SET_VARIABLE;
		op->misc = 7;
		assert_int_equal(xenefi_platform_op(x, op), 0);
		mprotect(pages, PAGE, PROT_READ | PROT_WRITE);
	}
}

static void ranges_adjoin_and_do_not_overlap(void **state)
{
	struct op *op = lay_get(pages + 95, 10);

	(void)state;
	assert_int_equal(xenefi_set_guest(x, XENEFI_RANGES), 0);
	assert_int_equal(xenefi_platform_op(x, op), -EFAULT);
	assert_int_equal(xenefi_map(x, op, 512, 1), 0);
	assert_int_equal(xenefi_map(x, pages, 100, 1), 0);
	assert_int_equal(xenefi_platform_op(x, op), -EFAULT);
	assert_memory_equal(pages + 95, "01234\0", 6);
	assert_int_equal(xenefi_map(x, pages + 100, 10, 0), 0);
	assert_int_equal(xenefi_platform_op(x, op), -EFAULT);
	assert_int_equal(xenefi_unmap(x, pages + 100), 0);
	assert_int_equal(xenefi_map(x, pages + 100, 10, 1), 0);
	assert_int_equal(xenefi_platform_op(x, op), 0);
	assert_memory_equal(pages + 95, "0123456789", 10);
	assert_int_equal(xenefi_map(x, pages + 99, 1, 1), -EINVAL);
	assert_int_equal(xenefi_map(x, pages + 109, 10, 1), -EINVAL);
	assert_int_equal(xenefi_map(x, pages - 1, 2, 1), -EINVAL);
	assert_int_equal(xenefi_map(x, pages - 1, PAGE, 1), -EINVAL);
	assert_int_equal(xenefi_map(x, pages + 300, 0, 1), -EINVAL);
	assert_int_equal(xenefi_map(x, (void *)(UINTPTR_MAX - 1), 3, 1), -EINVAL);
	assert_int_equal(xenefi_map(x, (void *)(UINTPTR_MAX - 1), 2, 1), 0);
	assert_int_equal(xenefi_unmap(x, pages + 1), -ENOENT);
	assert_int_equal(xenefi_unmap(x, op), 0);
	assert_int_equal(xenefi_unmap(x, op), -ENOENT);
	assert_int_equal(xenefi_platform_op(x, op), -EFAULT);
	assert_int_equal(xenefi_map(x, pages, 1, 1), -EINVAL);
	assert_int_equal(xenefi_map(x, (void *)UINTPTR_MAX, 1, 1), -EINVAL);
}

static void a_name_may_end_with_its_block(void **state)
{
	struct op *op = lay_get(pages, 10);
	uint16_t *name = malloc(sizeof(TEN));

	(void)state;
	memcpy(name, TEN, sizeof(TEN));
	op->name = name;
	assert_int_equal(xenefi_set_guest(x, XENEFI_GUARDED), 0);
	assert_int_equal(xenefi_platform_op(x, op), 0);
	assert_int_equal(op->status, 0);
	free(name);
}

static sigjmp_buf fault;
static volatile int faults;

static void on_fault(int number)
{
	(void)number;
	faults++;
	siglongjmp(fault, 1);
}

static void faults_that_are_not_the_machines_go_where_they_went(void **state)
{
	struct sigaction action = { .sa_handler = on_fault }, cmockas;

	(void)state;
	sigaction(SIGSEGV, &action, &cmockas);
	assert_int_equal(xenefi_set_guest(x, XENEFI_GUARDED), 0);
	if (sigsetjmp(fault, 1) == 0)
		pages[PAGE] = 1;
	assert_int_equal(faults, 1);
	assert_int_equal(xenefi_platform_op(x, pages + PAGE), -EFAULT);
	assert_int_equal(faults, 1);
	/* Somebody else takes the signal over, until the machine is told. */
	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(fault, 1) == 0)
		xenefi_platform_op(x, pages + PAGE);
	assert_int_equal(faults, 2);
	assert_int_equal(xenefi_set_guest(x, XENEFI_GUARDED), 0);
	assert_int_equal(xenefi_platform_op(x, pages + PAGE), -EFAULT);
	assert_int_equal(faults, 2);
	sigaction(SIGSEGV, &cmockas, NULL);
}

static void a_fault_that_nobody_else_catches_ends_the_process(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		xenefi_set_guest(x, XENEFI_GUARDED);
		if (xenefi_platform_op(x, pages + PAGE) == -EFAULT)
			*(volatile uint8_t *)(pages + PAGE) = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}

static void a_forked_process_is_its_own_guest(void **state)
{
	struct op *op = lay_get(pages + 100, 10);
	int status;
	pid_t child;

	(void)state;
	assert_int_equal(xenefi_set_guest(x, XENEFI_PROBED), 0);
	child = fork();
	if (child == 0)
		_exit(xenefi_platform_op(x, op) != 0 || memcmp(pages + 100, "0123456789", 10) != 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(pages[100], 0);
}

static void the_back_door_has_no_rules_and_leaves_the_guests(void **state)
{
	struct op *op = lay_get(pages, 10);
	struct xenefi_variable found;
	uint16_t *large = calloc(0x60000, 1);

	(void)state;
	assert_int_equal(xenefi_set_variable(x, u"Volatile", GUID, 6, "v", 1), 0);
	assert_int_equal(xenefi_get_variable(x, u"Volatile", GUID, &found), 1);
	assert_int_equal(found.attributes, 6);
	assert_memory_equal(found.name, u"Volatile", 18);
	assert_memory_equal(found.guid, GUID, 16);
	assert_int_equal(xenefi_set_variable(x, u"Hidden", GUID, 3, "h", 1), 0);
	assert_int_equal(xenefi_set_variable(x, u"Hidden", GUID, 3, NULL, 0), 0);
	assert_int_equal(xenefi_get_variable(x, u"Hidden", GUID, &found), 0);
	assert_int_equal(xenefi_set_variable(x, u"Hidden", GUID, 3, NULL, 0), 14);
	assert_int_equal(xenefi_set_variable(x, u"Large", GUID, 7, large, 0x50000), 9);
	assert_int_equal(xenefi_set_variable(x, u"Large", GUID, 7, large, 0x40000), 9);
	assert_int_equal(xenefi_set_variable(x, u"Large", GUID, 7, large, SIZE_MAX), 9);
	memset(large, 'x', 0x60000 - 2);
	assert_int_equal(xenefi_set_variable(x, large, GUID, 7, "1", 1), 9);
	assert_int_equal(xenefi_get_variable(x, large, GUID, &found), 0);
	free(large);
	op->function = SET_VARIABLE;
	op->misc = 6;
	memcpy(pages + 2 * PAGE + 256, u"New", 8);
	assert_int_equal(xenefi_platform_op(x, op), 0);
	assert_int_equal(op->status, 1ull << 63 | 2);
}

static void every_variable_is_found_by_its_name(void **state)
{
	struct xenefi_variable one, same;
	uint32_t cursor = 0;
	int count = 0;

	(void)state;
	while (xenefi_next_variable(x, &cursor, &one)) {
		assert_int_equal(xenefi_get_variable(x, one.name, one.guid, &same), 1);
		assert_ptr_equal(one.data, same.data);
		count++;
	}
	assert_true(count > 30);
}

static void a_reset_takes_all_back_but_ways_and_ranges(void **state)
{
	struct op *op = lay_get(pages, 10);
	struct xenefi_variable found;
	int64_t seconds = xenefi_clock(x);

	(void)state;
	assert_int_equal(seconds, 1705320000);
	choose(XENEFI_RANGES);
	xenefi_set_clock(x, seconds + 5);
	assert_int_equal(xenefi_clock(x), seconds + 5);
	xenefi_set_state(x, XENEFI_UNPRIVILEGED, 1);
	assert_int_equal(xenefi_platform_op(x, op), -EPERM);
	xenefi_reset(x);
	assert_int_equal(xenefi_clock(x), seconds);
	assert_int_equal(xenefi_get_variable(x, TEN, GUID, &found), 0);
	assert_int_equal(xenefi_platform_op(x, op), 0);
	assert_int_equal(op->status, 1ull << 63 | 14);
	assert_int_equal(xenefi_platform_op(x, &found), -EFAULT);
	assert_int_equal(xenefi_unmap(x, pages), 0);
}

static void machines_are_apart_and_leave_nothing(void **state)
{
	struct xenefi_variable found;
	struct xenefi *other = xenefi_open(NULL);
	char before[64], after[64];
	FILE *file;

	(void)state;
	assert_int_equal(xenefi_get_variable(other, TEN, GUID, &found), 0);
	xenefi_close(other);
	xenefi_close(NULL);
	for (int i = 0; i < 300; i++) {
		if (i == 10 || i == 299) {
			/* The first figure is the process's pages. */
			file = fopen("/proc/self/statm", "r");
			assert_non_null(fgets(i == 10 ? before : after, 64, file));
			fclose(file);
		}
		xenefi_close(xenefi_open(NULL));
	}
	*strchr(before, ' ') = *strchr(after, ' ') = 0;
	assert_true(strtol(after, NULL, 10) - strtol(before, NULL, 10) < 2000);
}

static void sched_op_ends_dom0(void **state)
{
	uint32_t *reason = (uint32_t *)pages;

	(void)state;
	*reason = 3;
	assert_int_equal(xenefi_sched_op(x, 0, reason), -ENOSYS);
	assert_int_equal(xenefi_sched_op(x, 2, pages + PAGE), -EFAULT);
	assert_int_equal(xenefi_shutdown(x), XENEFI_RUNNING);
	assert_int_equal(xenefi_sched_op(x, 2, reason), 0);
	assert_int_equal(xenefi_shutdown(x), 3);
	assert_int_equal(xenefi_platform_op(x, lay_get(pages, 10)), -ESHUTDOWN);
	assert_int_equal(xenefi_sched_op(x, 2, reason), -ESHUTDOWN);
	xenefi_reset(x);
	assert_int_equal(xenefi_shutdown(x), XENEFI_RUNNING);
}

/* EFI_VARIABLE_AUTHENTICATION_2: a time, WIN_CERTIFICATE_UEFI_GUID for PKCS#7, the signature; then the data. */
static const uint8_t SIGNED[] = {
	0xe8, 7, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	24 + 4, 0, 0, 0, 0, 2, 0xf1, 0x0e, 0x9d, 0xd2, 0xaf, 0x4a, 0xdf, 0x68, 0xee, 0x49, 0x8a, 0xa9, 0x34, 0x7d, 0x37, 0x56, 0x65, 0xa7,
	's', 'i', 'g', 'n', 'd', 'a', 't', 'a',
};

struct decision {
	size_t digest_bytes;
	int asked;
};

static int decide(void *context, const struct xenefi_signature *asked, struct xenefi_signer *signer)
{
	struct decision *decision = context;

	decision->asked++;
	assert_int_equal(asked->signature_bytes, 4);
	assert_memory_equal(asked->signature, "sign", 4);
	assert_true(asked->message_bytes > 4 + 2 * 3 + 16);
	assert_memory_equal((const uint8_t *)asked->message + asked->message_bytes - 4, "data", 4);
	assert_null(asked->trusted);
	signer->digest_bytes = decision->digest_bytes;
	memset(signer->digest, 7, sizeof(signer->digest));
	return decision->digest_bytes != 0;
}

static void a_verifier_decides_on_signed_writes(void **state)
{
	struct decision decision = { 0, 0 };
	struct xenefi_variable found;

	(void)state;
	for (int turn = 0; turn < 4; turn++) {
		struct op op = variable_op(SET_VARIABLE, u"New", GUID, (void *)SIGNED, sizeof(SIGNED));
		static const size_t digest_bytes[] = { 0, 0, 65, 32 };

		op.misc = 0x27;
		decision.digest_bytes = digest_bytes[turn];
		if (turn > 0)
			xenefi_set_verifier(x, &(struct xenefi_verifier){ decide, NULL, &decision });
		assert_int_equal(xenefi_platform_op(x, &op), 0);
		assert_int_equal(op.status, turn == 3 ? 0 : 1ull << 63 | 26);
		assert_int_equal(xenefi_get_variable(x, u"New", GUID, &found), turn == 3);
	}
	assert_int_equal(decision.asked, 3);
	assert_memory_equal(found.data, "data", 4);
	xenefi_set_verifier(x, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		TEST(a_buffer_that_ends_early_is_filled_up_to_there),
		TEST(an_op_or_name_may_end_with_its_page_and_not_behind),
		TEST(what_can_only_be_read_is_not_written),
		TEST(ranges_adjoin_and_do_not_overlap),
		TEST(a_name_may_end_with_its_block),
		TEST(faults_that_are_not_the_machines_go_where_they_went),
		TEST(a_fault_that_nobody_else_catches_ends_the_process),
		TEST(a_forked_process_is_its_own_guest),
		TEST(the_back_door_has_no_rules_and_leaves_the_guests),
		TEST(every_variable_is_found_by_its_name),
		TEST(a_reset_takes_all_back_but_ways_and_ranges),
		TEST(machines_are_apart_and_leave_nothing),
		TEST(sched_op_ends_dom0),
		TEST(a_verifier_decides_on_signed_writes),
	};

	if (count == 2) {
		x = xenefi_open(arguments[1]);
		puts(x == NULL ? xenefi_error() : "a machine");
		xenefi_close(x);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
