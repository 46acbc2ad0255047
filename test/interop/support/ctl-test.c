/* xenefi_ctl. Without arguments its tests; with a file's name, the result and reply of each line, asked of one machine. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "op.h"
#include "xenefi.h"

#define REQUESTS 100000
#define REQUEST_BYTES 512
#define ERROR_BYTES 256

static struct xenefi *x;
static char large[1 << 20];

static int set_up(void **state)
{
	(void)state;
	xenefi_reset(x);
	return 0;
}

static void a_reply_is_cut_where_its_room_ends(void **state)
{
	static const char request[] = "{\"get\":{\"name\":\"BootOrder\"}}";
	int whole;

	(void)state;
	assert_int_equal(xenefi_ctl(x, request, large, sizeof(large)), 0);
	whole = strlen(large) + 1;
	assert_int_equal(xenefi_ctl(x, request, NULL, 0), whole);
	for (int n = 1; n <= whole + 1; n++) {
		char *reply = malloc(n);

		assert_int_equal(xenefi_ctl(x, request, reply, n), n < whole ? whole : 0);
		assert_int_equal(strlen(reply), n < whole ? n - 1 : whole - 1);
		assert_memory_equal(reply, large, strlen(reply));
		free(reply);
	}
}

static void an_error_is_cut_and_remains_one(void **state)
{
	static const char error[] = "{\"error\":\"offset 11: expected the end\"}";
	static const char request[] = "{\"list\":{}}?";

	(void)state;
	assert_int_equal(xenefi_ctl(x, request, NULL, 0), -1);
	for (size_t n = 1; n <= sizeof(error); n++) {
		char *reply = malloc(n);

		assert_int_equal(xenefi_ctl(x, request, reply, n), -1);
		assert_int_equal(strlen(reply), n - 1);
		assert_memory_equal(reply, error, n - 1);
		free(reply);
	}
}

static void a_request_has_its_effect_without_room_for_the_reply(void **state)
{
	struct xenefi_variable variable;
	char reply[4];

	(void)state;
	assert_true(xenefi_ctl(x, "{\"set\":{\"name\":\"New\",\"data\":\"0aFf\"}}", reply, sizeof(reply)) > 4);
	assert_int_equal(xenefi_get_variable(x, u"New", xenefi_global_guid, &variable), 1);
	assert_int_equal(variable.data_bytes, 2);
	assert_memory_equal(variable.data, "\x0a\xff", 2);
}

static void platform_and_clock_are_those_of_the_typed_functions(void **state)
{
	struct op op = variable_op(GET_VARIABLE, u"Nowhere", xenefi_global_guid, NULL, 0);

	(void)state;
	assert_int_equal(xenefi_ctl(x, "{\"platform\":{\"privileged\":false}}", large, sizeof(large)), 0);
	assert_int_equal(xenefi_platform_op(x, &op), -1);
	assert_int_equal(xenefi_ctl(x, "{\"reason\":{}}", large, sizeof(large)), 0);
	assert_string_equal(large, "{\"reason\":\"the caller is no control domain\"}");
	xenefi_set_state(x, XENEFI_UNPRIVILEGED, 0);
	xenefi_set_state(x, XENEFI_NO_RUNTIME_SERVICES, 1);
	assert_int_equal(xenefi_ctl(x, "{\"platform\":{}}", large, sizeof(large)), 0);
	assert_non_null(strstr(large, "\"runtimeServices\":false,\"privileged\":true"));
	assert_int_equal(xenefi_ctl(x, "{\"clock\":{\"seconds\":7}}", large, sizeof(large)), 0);
	assert_int_equal(xenefi_clock(x), 7);
}

static void a_clock_never_overflows(void **state)
{
	static const char request[] = "{\"clock\":{\"advance\":1}}";

	(void)state;
	for (int bits = 53; bits <= 63; bits += 10) {
		int64_t seconds = ((1ull << bits) - 1);

		xenefi_set_clock(x, seconds);
		assert_int_equal(xenefi_ctl(x, request, large, sizeof(large)), -1);
		assert_string_equal(large, "{\"error\":\"offset 9: expected a clock that stays within 2^53 - 1 seconds of 1970\"}");
		assert_true(xenefi_clock(x) == seconds);
	}
}

static uint64_t seed = 0x9e3779b97f4a7c15;

/* xorshift64: the same requests each time. */
static size_t below(size_t count)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % count;
}

static const char *const originals[] = {
	"{\"get\":{\"name\":\"BootOrder\"}}",
	"{\"get\":{\"name\":\"Mine\",\"guid\":\"11111111-2222-3333-4444-555555555555\"}}",
	"{\"set\":{\"name\":\"Mine\",\"guid\":\"shim\",\"attr\":\"NV+BS+RT\",\"data\":\"00ff\"}}",
	"{\"set\":{\"name\":\"\\u00e4\\ud83d\\ude00\\n\",\"attr\":4294967295,\"data\":\"\"}}",
	"{\"set\":{\"name\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\",\"attr\":\"0x6\",\"data\":\"0123456789abcdefABCDEF\"}}",
	"{\"delete\":{\"name\":\"BootOrder\",\"guid\":\"global\"}}",
	"{\"list\":{}}",
	"{\"clock\":{\"seconds\":-9007199254740991,\"advance\":9007199254740991}}",
	"{ \"platform\" : {\t\"efiBoot\":true , \"privileged\":false,\"platformOps\":false,\"runtimeServices\":true } } ",
	"{\"reason\":{}}",
	"{\"inject\":{\"fn\":\"get_variable\",\"status\":7}}",
};

#define ORIGINALS (sizeof(originals) / sizeof(*originals))

/* Replaces `old` bytes at `at` by `bytes` others; what gets too long stays as it is. */
static void splice(char *request, size_t at, size_t old, const char *others, size_t bytes)
{
	size_t length = strlen(request);

	if (length - old + bytes >= REQUEST_BYTES)
		return;
	memmove(request + at + bytes, request + at + old, length + 1 - at - old);
	memcpy(request + at, others, bytes);
}

static void mutate(char *request)
{
	static const char tokens[] = "{}:,\"\\u0d[-.e9 \xc3\xf4\xed\x80";
	size_t length = strlen(request);
	size_t at = below(length + 1), old = below(length - at + 1);
	const char *other = originals[below(ORIGINALS)];
	size_t from = below(strlen(other));
	char byte = 1 + below(255);

	if (old > 8 && below(4) != 0)
		old = below(8);
	switch (below(5)) {
	case 0:
		splice(request, at, at < length, &byte, 1);
		break;
	case 1:
		splice(request, at, below(2) && at < length, &tokens[below(sizeof(tokens) - 1)], 1);
		break;
	case 2:
		splice(request, at, old, "", 0);
		break;
	case 3:
		splice(request, at, old, other + from, below(strlen(other) - from + 1));
		break;
	default:
		request[at] = 0;
	}
}

/* Asks in blocks of just the size, so that a sanitizer sees each byte beside them. */
static int ask(const char *text, size_t n)
{
	char *request = strdup(text), *reply = n == 0 ? NULL : malloc(n);
	int result = xenefi_ctl(x, request, reply, n);

	if (n != 0) {
		size_t length = strnlen(reply, n);

		assert_true(length < n);
		assert_true(result <= 0 || (length == n - 1 && (size_t)result > n));
		if (result == 0 || n >= ERROR_BYTES)
			assert_true(reply[0] == '{' && (result > 0 || reply[length - 1] == '}'));
		if (result < 0 && n >= ERROR_BYTES)
			assert_true(strncmp(reply, "{\"error\":\"offset ", 17) == 0 && strtoul(reply + 17, NULL, 10) <= strlen(text));
	}
	free(request);
	free(reply);
	return result;
}

static void no_text_reads_or_writes_beside_its_blocks(void **state)
{
	char request[REQUEST_BYTES];
	int good = 0;

	(void)state;
	for (int i = 0; i < REQUESTS; i++) {
		if (i % 50 == 0)
			xenefi_reset(x);
		strcpy(request, originals[below(ORIGINALS)]);
		for (int changes = below(4); changes > 0; changes--)
			mutate(request);
		good += ask(request, below(2) ? below(80) : ERROR_BYTES + below(2000)) >= 0;
	}
	print_message("%d requests, %d of them good\n", REQUESTS, good);
	assert_in_range(good, REQUESTS / 5, REQUESTS * 4 / 5);
}

static int answer_lines(const char *name)
{
	FILE *file = fopen(name, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	while ((length = getline(&line, &room, file)) > 0) {
		line[length - 1] = 0;
		printf("%d %s\n", xenefi_ctl(x, line, large, sizeof(large)), large);
	}
	free(line);
	return fclose(file);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reply_is_cut_where_its_room_ends),
		TEST(an_error_is_cut_and_remains_one),
		TEST(a_request_has_its_effect_without_room_for_the_reply),
		TEST(platform_and_clock_are_those_of_the_typed_functions),
		TEST(a_clock_never_overflows),
		TEST(no_text_reads_or_writes_beside_its_blocks),
	};
	int failed;

	x = xenefi_open(NULL);
	failed = count == 2 ? answer_lines(arguments[1]) : cmocka_run_group_tests(tests, NULL, NULL);
	xenefi_close(x);
	return failed;
}
