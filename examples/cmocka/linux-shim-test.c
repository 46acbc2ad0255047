// SPDX-License-Identifier: MIT
/*
 * Unit tests of Linux's Xen EFI shim, native, over the machine in this process. With KERNEL, a kernel source tree:
 *
 *   shim/build.sh KERNEL x86_64 shim.o
 *   cc -O2 -I c examples/cmocka/linux-shim-test.c c/xenefi.c shim.o -lcmocka -lm -o linux-shim-test && ./linux-shim-test
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "shim.h"
#include "xenefi.h"

#define NV_BS_RT 7
#define BS_RT 6
#define APPEND 0x40
#define SCHEDOP_SHUTDOWN 2

static struct xenefi *x;
static const uint8_t *const GLOBAL = xenefi_global_guid;
static const uint8_t MINE[16] = { 0x11, 0x11, 0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55 };
static void *const NOWHERE = (void *)0xffff82d0d0400000;

/* The shim's host. */

static long last_ret;
static char last_message;
static jmp_buf bug;

int HYPERVISOR_platform_op_raw(void *op)
{
	return last_ret = xenefi_platform_op(x, op);
}

void xen_reboot(int reason)
{
	uint32_t argument = reason;

	assert_int_equal(xenefi_sched_op(x, SCHEDOP_SHUTDOWN, &argument), 0);
}

int _printk(const char *format, ...)
{
	/* The level stands behind a \001. */
	return last_message = format[1];
}

void BUG(void)
{
	longjmp(bug, 1);
}

/* Before each test: the machine as it was opened, and struct efi as after boot. */
static int set_up(void **state)
{
	(void)state;
	xenefi_reset(x);
	shim_setup(0x20046);
	shim_set_initial_domain(1);
	last_message = 0;
	return 0;
}

/* A control request as JSON, without quoting its quotes. */
#define JSON(...) #__VA_ARGS__

/* Asks the machine through its back door. */
static const char *control(const char *request)
{
	static char reply[1024];

	assert_int_equal(xenefi_ctl(x, request, reply, sizeof(reply)), 0);
	return reply;
}

/* Variables. */

static void writes_reads_and_deletes(void **state)
{
	uint8_t data[5] = { 1, 2, 3, 4, 5 }, found[16] = { 0 };
	struct xenefi_variable variable;
	unsigned long size = sizeof(found);
	uint32_t attributes = 0;

	(void)state;
	assert_int_equal(shim_set_variable(u"Mine", MINE, NV_BS_RT, sizeof(data), data), EFI_SUCCESS);
	assert_int_equal(xenefi_get_variable(x, u"Mine", MINE, &variable), 1);
	assert_int_equal(variable.attributes, NV_BS_RT);
	assert_int_equal(variable.data_bytes, sizeof(data));
	assert_memory_equal(variable.data, data, sizeof(data));
	assert_int_equal(shim_get_variable(u"Mine", MINE, &attributes, &size, found), EFI_SUCCESS);
	assert_int_equal(size, sizeof(data));
	assert_int_equal(attributes, NV_BS_RT);
	assert_memory_equal(found, data, sizeof(data));
	assert_int_equal(found[5], 0);
	assert_int_equal(shim_set_variable(u"Mine", MINE, NV_BS_RT, 0, NULL), EFI_SUCCESS);
	assert_int_equal(shim_get_variable(u"Mine", MINE, &attributes, &size, found), EFI_NOT_FOUND);
	assert_int_equal(xenefi_get_variable(x, u"Mine", MINE, &variable), 0);
}

static void appends_and_refuses(void **state)
{
	struct xenefi_variable variable;

	(void)state;
	assert_int_equal(shim_set_variable_nonblocking(u"Mine", MINE, NV_BS_RT, 2, "ab"), EFI_SUCCESS);
	assert_int_equal(shim_set_variable_nonblocking(u"Mine", MINE, NV_BS_RT | APPEND, 2, "cd"), EFI_SUCCESS);
	assert_int_equal(xenefi_get_variable(x, u"Mine", MINE, &variable), 1);
	assert_int_equal(variable.data_bytes, 4);
	assert_memory_equal(variable.data, "abcd", 4);
	/* Other attributes than the variable has. */
	assert_int_equal(shim_set_variable(u"Mine", MINE, BS_RT, 2, "ef"), EFI_INVALID_PARAMETER);
	/* A volatile variable is not made at run time. */
	assert_int_equal(shim_set_variable(u"Volatile", MINE, BS_RT, 2, "ef"), EFI_INVALID_PARAMETER);
	/* The firmware's own. */
	assert_int_equal(shim_set_variable(u"SetupMode", GLOBAL, BS_RT, 1, ""), EFI_WRITE_PROTECTED);
	assert_int_equal(xenefi_get_variable(x, u"Volatile", MINE, &variable), 0);
}

static void a_short_buffer_learns_the_size(void **state)
{
	unsigned long size = 2;
	uint8_t data[8] = { 0 };
	uint32_t attributes = 0;

	(void)state;
	assert_int_equal(shim_get_variable(u"BootOrder", GLOBAL, &attributes, &size, data), EFI_BUFFER_TOO_SMALL);
	assert_int_equal(size, 6);
	assert_int_equal(data[0] | data[1], 0);
	assert_int_equal(shim_get_variable(u"BootOrder", GLOBAL, NULL, &size, data), EFI_SUCCESS);
	size = 0;
	assert_int_equal(shim_get_variable(u"BootOrder", GLOBAL, NULL, &size, NULL), EFI_BUFFER_TOO_SMALL);
	assert_int_equal(size, 6);
}

static void bad_pointers_are_efault(void **state)
{
	unsigned long size = 6;
	uint8_t data[6];

	(void)state;
	for (int way = XENEFI_PROBED; way <= XENEFI_GUARDED; way++) {
		assert_int_equal(xenefi_set_guest(x, way), 0);
		assert_int_equal(shim_get_variable(NULL, GLOBAL, NULL, &size, data), EFI_UNSUPPORTED);
		assert_int_equal(last_ret, -14);
		assert_int_equal(shim_get_variable(u"BootOrder", GLOBAL, NULL, &size, NULL), EFI_UNSUPPORTED);
		assert_int_equal(last_ret, -14);
		assert_int_equal(shim_get_variable(u"BootOrder", GLOBAL, NULL, &size, NOWHERE), EFI_UNSUPPORTED);
		assert_int_equal(last_ret, -14);
		assert_int_equal(shim_set_variable(u"Mine", MINE, NV_BS_RT, 3, NOWHERE), EFI_UNSUPPORTED);
		assert_int_equal(last_ret, -14);
		assert_int_equal(HYPERVISOR_platform_op_raw(NULL), -14);
		assert_int_equal(HYPERVISOR_platform_op_raw(NOWHERE), -14);
	}
	xenefi_set_guest(x, XENEFI_PROBED);
}

static void walks_over_what_the_system_sees(void **state)
{
	uint16_t name[512] = { 0 };
	uint8_t guid[16] = { 0 };
	struct xenefi_variable variable;
	uint32_t cursor = 0;
	unsigned long size, status;
	int seen = 0, stored = 0;

	(void)state;
	while (xenefi_next_variable(x, &cursor, &variable))
		stored += (variable.attributes & 4) != 0;
	for (size = sizeof(name); (status = shim_get_next_variable(&size, name, guid)) == EFI_SUCCESS; size = sizeof(name)) {
		assert_int_equal(xenefi_get_variable(x, name, guid, &variable), 1);
		seen++;
	}
	assert_int_equal(status, EFI_NOT_FOUND);
	assert_int_equal(seen, stored);
	assert_true(seen > 10);
	name[0] = 0;
	size = 2;
	assert_int_equal(shim_get_next_variable(&size, name, guid), EFI_BUFFER_TOO_SMALL);
	assert_true(size > 2);
	assert_int_equal(shim_get_next_variable(&size, NULL, guid), EFI_UNSUPPORTED);
}

static void tells_the_space(void **state)
{
	uint64_t storage = 0, remaining = 0, largest = 0, again = 0;

	(void)state;
	assert_int_equal(shim_query_variable_info(NV_BS_RT, &storage, &remaining, &largest), EFI_SUCCESS);
	assert_int_equal(storage, 0x3ffb8 - 28);
	assert_true(remaining < storage);
	assert_int_equal(largest, 0x8400 - 60);
	assert_int_equal(shim_query_variable_info_nonblocking(NV_BS_RT, &storage, &again, &largest), EFI_SUCCESS);
	assert_int_equal(again, remaining);
	shim_setup(0x1000a);
	last_ret = 1;
	assert_int_equal(shim_query_variable_info(NV_BS_RT, &storage, &remaining, &largest), EFI_UNSUPPORTED);
	assert_int_equal(last_ret, 1);
}

/* Clock, count, capsules. */

static void reads_and_sets_the_clock(void **state)
{
	struct efi_time time = { 0 };
	struct efi_time_cap cap = { 0, 0, 1 };

	(void)state;
	assert_int_equal(shim_get_time(&time, &cap), EFI_SUCCESS);
	assert_int_equal(time.year, 2024);
	assert_int_equal(time.month * 100 + time.day, 115);
	assert_int_equal(time.hour, 12);
	assert_int_equal(cap.resolution, 1);
	assert_int_equal(cap.sets_to_zero, 0);
	control(JSON({ "clock": { "advance": 90 } }));
	assert_int_equal(shim_get_time(&time, NULL), EFI_SUCCESS);
	assert_int_equal(time.minute * 100 + time.second, 130);
	time = (struct efi_time){ .year = 2030, .month = 2, .day = 28, .hour = 23, .minute = 59, .second = 58 };
	assert_int_equal(shim_set_time(&time), EFI_SUCCESS);
	control(JSON({ "clock": { "advance": 2 } }));
	assert_int_equal(shim_get_time(&time, NULL), EFI_SUCCESS);
	assert_int_equal(time.month * 100 + time.day, 301);
	time.month = 13;
	assert_int_equal(shim_set_time(&time), EFI_INVALID_PARAMETER);
}

static void reads_and_sets_the_alarm(void **state)
{
	struct efi_time time = { .year = 2024, .month = 1, .day = 15, .hour = 18 };
	uint8_t enabled = 9, pending = 9;

	(void)state;
	assert_int_equal(shim_set_wakeup_time(1, &time), EFI_SUCCESS);
	memset(&time, 0, sizeof(time));
	assert_int_equal(shim_get_wakeup_time(&enabled, &pending, &time), EFI_SUCCESS);
	assert_int_equal(enabled, 1);
	assert_int_equal(pending, 0);
	assert_int_equal(time.hour, 18);
	assert_int_equal(shim_set_wakeup_time(0, NULL), EFI_SUCCESS);
	assert_int_equal(shim_get_wakeup_time(&enabled, NULL, NULL), EFI_SUCCESS);
	assert_int_equal(enabled, 0);
}

static void counts(void **state)
{
	uint32_t first, second;

	(void)state;
	assert_int_equal(shim_get_next_high_mono_count(&first), EFI_SUCCESS);
	assert_int_equal(shim_get_next_high_mono_count(&second), EFI_SUCCESS);
	assert_int_equal(second, first + 1);
}

static void capsules_are_not_passed_on(void **state)
{
	struct efi_capsule capsule = { { 0 }, 28, 0, 28 }, *capsules[] = { &capsule };
	uint64_t largest;
	int reset_type;

	(void)state;
	assert_int_equal(shim_update_capsule(capsules, 1, 0), EFI_UNSUPPORTED);
	assert_int_equal(last_ret, -38);
	assert_int_equal(shim_query_capsule_caps(capsules, 1, &largest, &reset_type), EFI_UNSUPPORTED);
	assert_int_equal(last_ret, -38);
}

/* The end, and what Xen refuses. */

static void resets_are_shutdowns(void **state)
{
	static const struct {
		int type, reason;
	} resets[] = { { RESET_COLD, 1 }, { RESET_WARM, 1 }, { RESET_SHUTDOWN, 0 } };
	struct efi_time time;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(xenefi_shutdown(x), XENEFI_RUNNING);
		shim_reset_system(resets[i].type, 0, 0, NULL);
		assert_int_equal(xenefi_shutdown(x), resets[i].reason);
		assert_int_equal(shim_get_time(&time, NULL), EFI_UNSUPPORTED);
		xenefi_reset(x);
	}
	assert_int_equal(shim_get_time(&time, NULL), EFI_SUCCESS);
}

static void an_unknown_reset_is_a_bug(void **state)
{
	(void)state;
	if (setjmp(bug) == 0) {
		shim_reset_system(3, 0, 0, NULL);
		fail_msg("BUG was not called");
	}
	assert_int_equal(xenefi_shutdown(x), XENEFI_RUNNING);
}

static void what_xen_refuses_is_unsupported(void **state)
{
	static const struct {
		const char *platform;
		int ret;
		const char *reason;
	} cases[] = {
		{ JSON({ "platform": { "interfaceMatches": false } }), -13, "interface_version is not the hypervisor's" },
		{ JSON({ "platform": { "privileged": false } }), -1, "the caller is no control domain" },
		{ JSON({ "platform": { "efiBoot": false } }), -38, "the hypervisor was not booted from EFI" },
		{ JSON({ "platform": { "runtimeServices": false } }), -95, "runtime services are switched off" },
		{ JSON({ "platform": { "platformOps": false } }), -38, "no such platform op here" },
	};
	struct efi_time time;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		control(cases[i].platform);
		assert_int_equal(shim_get_time(&time, NULL), EFI_UNSUPPORTED);
		assert_int_equal(last_ret, cases[i].ret);
		assert_non_null(strstr(control(JSON({ "reason": {} })), cases[i].reason));
		xenefi_reset(x);
	}
	assert_int_equal(shim_get_time(&time, NULL), EFI_SUCCESS);
	assert_int_equal(xenefi_reason(x), 0);
}

/* The probe. */

static void the_probe_finds_the_firmware(void **state)
{
	struct shim_probe found;
	uint64_t vendor;

	(void)state;
	shim_probe(&found);
	assert_memory_equal(&found.signature, "Xen", 4);
	assert_int_equal(found.runtime_version, 0x20046);
	assert_int_equal(found.revision, 0x20046);
	assert_int_equal(found.flags, 0x61);
	assert_int_equal(found.secure_boot, 2);
	assert_true(found.nr_tables > 0);
	assert_true(found.tables[0] != 0);
	vendor = (uint64_t)found.fw_vendor[1] << 32 | found.fw_vendor[0];
	assert_memory_equal((void *)(vendor - shim_physical_offset()), u"EDK II", 14);
}

static void the_probe_tells_secure_boot(void **state)
{
	struct shim_probe found;

	(void)state;
	control(JSON({ "set": { "name": "SecureBoot", "attr": "BS+RT", "data": "01" } }));
	control(JSON({ "set": { "name": "SetupMode", "attr": "BS+RT", "data": "00" } }));
	shim_probe(&found);
	assert_int_equal(found.secure_boot, 3);
	assert_int_equal(last_message, '6');
}

static void the_probe_finds_nothing(void **state)
{
	struct shim_probe found;

	(void)state;
	shim_set_initial_domain(0);
	last_ret = 1;
	shim_probe(&found);
	assert_int_equal(found.signature, 0);
	assert_int_equal(last_ret, 1);
	shim_set_initial_domain(1);
	control(JSON({ "platform": { "efiBoot": false } }));
	shim_probe(&found);
	assert_int_equal(found.signature, 0);
	assert_int_equal(found.flags, 0);
}

static void memory_is_looked_up(void **state)
{
	struct efi_memory memory = { 0 };

	(void)state;
	if (efi_mem_desc_lookup == NULL)
		skip();
	/* The kernel's own map is asked unless this is a Dom0. */
	assert_int_equal(efi_mem_desc_lookup(0x1000, &memory), -95);
	shim_set_flags(1 << 6);
	assert_int_equal(efi_mem_desc_lookup(0x1234, &memory), 0);
	assert_int_equal(memory.physical, 0x1000);
	assert_true(memory.pages > 0);
	assert_int_equal(memory.type, 7);
	efi_mem_desc_lookup(~0ull << 12, &memory);
	assert_int_equal(last_message, '4');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(writes_reads_and_deletes, set_up),
		cmocka_unit_test_setup(appends_and_refuses, set_up),
		cmocka_unit_test_setup(a_short_buffer_learns_the_size, set_up),
		cmocka_unit_test_setup(bad_pointers_are_efault, set_up),
		cmocka_unit_test_setup(walks_over_what_the_system_sees, set_up),
		cmocka_unit_test_setup(tells_the_space, set_up),
		cmocka_unit_test_setup(reads_and_sets_the_clock, set_up),
		cmocka_unit_test_setup(reads_and_sets_the_alarm, set_up),
		cmocka_unit_test_setup(counts, set_up),
		cmocka_unit_test_setup(capsules_are_not_passed_on, set_up),
		cmocka_unit_test_setup(resets_are_shutdowns, set_up),
		cmocka_unit_test_setup(an_unknown_reset_is_a_bug, set_up),
		cmocka_unit_test_setup(what_xen_refuses_is_unsupported, set_up),
		cmocka_unit_test_setup(the_probe_finds_the_firmware, set_up),
		cmocka_unit_test_setup(the_probe_tells_secure_boot, set_up),
		cmocka_unit_test_setup(the_probe_finds_nothing, set_up),
		cmocka_unit_test_setup(memory_is_looked_up, set_up),
	};

	x = xenefi_open(NULL);
	if (x == NULL) {
		print_error("%s\n", xenefi_error());
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
