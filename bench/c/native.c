// SPDX-License-Identifier: MIT
/*
 * The core, converted by wasm2c, and plain.c beside it, over op bytes that another program has laid out: native IMAGE GUEST.
 * IMAGE is a machine image; GUEST the guest's memory from address 0 on, of which every target has a copy. Asked by lines on
 * its input, it answers each with a line:
 *
 *   case TARGET STEP OP...      the next case: what is done again and again, to these ops in turn
 *   answer CASE                 one step; then the op, and 64 bytes of the data of GetVariable and SetVariable, in hexadecimal
 *   time CASE UNDO MS           nanoseconds of a step in each batch of 1000, for so many milliseconds and four batches at
 *                               least; with an UNDO (not -1) a batch is a step for each of the case's ops, and that case,
 *                               untimed, follows
 *   reset                       the cores are what they were at the start, and so is their guests' memory
 *   count CASE STEPS            under callgrind: these steps alone, dumped under the case's number
 *
 * Compiled with -DCOUNTED it counts the same anywhere: blocks are moved by loops of its own, where the C library would choose
 * by the processor.
 */
#include "xenefi.c"
#include "plain.c"
#include <time.h>

#ifdef COUNTED
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(text) (void)(text)
#endif

enum { BATCH = 1000, BATCHES_MIN = 4, OP_DATA_BYTES = 64, WINDOW_SLACK = 64, NEXT_SIZE = 24, NEXT_NAME = 32 };
enum { TARGETS = 4, CASES_MAX = 64 };

/* Of the workload's geometry: where its store ends. */
#define STORE_END 0x80000

struct target {
	const char *name;
	/* The target's guest memory. */
	uint8_t *guest;
	struct xenefi *core;
	struct plain *plain;
};

struct bench_case {
	struct target *target;
	void (*step)(struct target *, uint64_t op, uint32_t turn);
	uint64_t *ops;
	uint32_t op_count, turn;
};

static int call(struct target *t, uint64_t op)
{
	if (t->plain != NULL)
		return plain_dispatch(t->plain, op);
	return (int32_t)Z_xenefi_coreZ_dispatch(&t->core->core, (uint32_t)op, op >> 32);
}

/* Steps. bench/steps.ts has the same for JavaScript. */

static void step_call(struct target *t, uint64_t op, uint32_t turn)
{
	(void)turn;
	call(t, op);
}

/* misc has carried something out. */
static void step_get(struct target *t, uint64_t op, uint32_t turn)
{
	(void)turn;
	set_u32_t(t->guest + op + OP_MISC, 0);
	call(t, op);
}

/* Asks for the size. */
static void step_ask(struct target *t, uint64_t op, uint32_t turn)
{
	set_u32_t(t->guest + op + OP_SIZE, 0);
	step_get(t, op, turn);
}

static void step_other_data(struct target *t, uint64_t op, uint32_t turn)
{
	set_u32_t(t->guest + u64_t_at(t->guest + op + OP_DATA), turn);
	call(t, op);
}

static void step_other_size(struct target *t, uint64_t op, uint32_t turn)
{
	set_u32_t(t->guest + op + OP_SIZE, 32 + (turn & 31));
	step_other_data(t, op, turn);
}

static void step_create(struct target *t, uint64_t op, uint32_t turn)
{
	(void)turn;
	set_u32_t(t->guest + op + OP_SIZE, OP_DATA_BYTES);
	call(t, op);
}

static void step_delete(struct target *t, uint64_t op, uint32_t turn)
{
	(void)turn;
	set_u32_t(t->guest + op + OP_SIZE, 0);
	call(t, op);
}

/* At the end the name is emptied. */
static void step_walk(struct target *t, uint64_t op, uint32_t turn)
{
	(void)turn;
	set_u32_t(t->guest + op + NEXT_SIZE, 1024);
	call(t, op);
	if (u32_t_at(t->guest + op + OP_STATUS) != 0)
		set_u32_t(t->guest + u64_t_at(t->guest + op + NEXT_NAME), 0);
}

static const struct {
	const char *name;
	void (*step)(struct target *, uint64_t op, uint32_t turn);
} steps[] = {
	{ "call", step_call },
	{ "get", step_get },
	{ "ask", step_ask },
	{ "otherData", step_other_data },
	{ "otherSize", step_other_size },
	{ "create", step_create },
	{ "delete", step_delete },
	{ "walk", step_walk },
};

/* Targets: for calls that write nothing one core and one plain store, for all others another two. */

static struct target targets[TARGETS] = { { .name = "core" }, { .name = "core-written" }, { .name = "plain" }, { .name = "plain-written" } };
static struct bench_case cases[CASES_MAX];
static int case_count;
static uint8_t *guest_at_start;
static size_t guest_bytes;

static void die(const char *why)
{
	fprintf(stderr, "native: %s\n", why);
	exit(1);
}

static void read_guest(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat status;

	if (file == NULL || fstat(fileno(file), &status) != 0)
		die("the guest's memory cannot be read");
	guest_bytes = status.st_size;
	guest_at_start = malloc(guest_bytes);
	if (guest_at_start == NULL || fread(guest_at_start, 1, guest_bytes, file) != guest_bytes)
		die("the guest's memory cannot be read");
	fclose(file);
}

/* Makes the guest's memory the core's own window, as it is in Node. */
static void use_window(struct target *t)
{
	struct xenefi *x = t->core;

	core_set_u32(x, CORE_STATE_ATTENTION, core_u32(x, CORE_STATE_ATTENTION) & ~CORE_ATTENTION_FOREIGN);
	core_set_u32(x, CORE_STATE_WINDOW_BYTES, guest_bytes);
	memcpy(t->guest, guest_at_start, guest_bytes);
}

static struct plain *fill_plain(struct xenefi *x, uint8_t *guest)
{
	struct plain *p = plain_make(guest, guest_bytes, STORE_END);
	struct xenefi_variable v;
	uint32_t cursor = 0;

	if (p == NULL)
		die("no memory");
	/* abi/rules.ts: a count, then 24 bytes for each GUID. */
	p->namespace_count = core_u32(x, CORE_RULES);
	if (p->namespace_count > NAMESPACES_MAX)
		die("more namespaces than plain.c has room for");
	for (uint32_t i = 0; i < p->namespace_count; i++)
		memcpy(p->namespaces[i], core_at(x, CORE_RULES + 4 + 24 * i), 16);
	while (xenefi_next_variable(x, &cursor, &v))
		plain_add(p, v.name, v.guid, v.attributes, v.data, v.data_bytes);
	return p;
}

static void open_target(struct target *t, const char *image, bool is_plain)
{
	struct xenefi *x = xenefi_open(image);

	if (x == NULL)
		die(xenefi_error());
	if (!is_plain) {
		t->core = x;
		t->guest = core_at(x, CORE_WINDOW);
		use_window(t);
		return;
	}
	t->guest = calloc(1, guest_bytes + WINDOW_SLACK);
	if (t->guest == NULL)
		die("no memory");
	memcpy(t->guest, guest_at_start, guest_bytes);
	t->plain = fill_plain(x, t->guest);
	xenefi_close(x);
}

static void reset(void)
{
	for (int i = 0; i < TARGETS; i++) {
		if (targets[i].core == NULL)
			continue;
		xenefi_reset(targets[i].core);
		use_window(&targets[i]);
	}
	puts("ok");
}

static void run(struct bench_case *c, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		c->step(c->target, c->ops[c->turn % c->op_count], c->turn);
		c->turn++;
	}
}

/* Requests. */

static void add_case(char *words)
{
	struct bench_case *c = &cases[case_count++];
	const char *target = strtok(words, " \n"), *step = strtok(NULL, " \n");
	uint32_t room = 0;

	if (case_count == CASES_MAX)
		die("too many cases");
	for (size_t i = 0; i < TARGETS; i++) {
		if (target != NULL && strcmp(targets[i].name, target) == 0)
			c->target = &targets[i];
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (step != NULL && strcmp(steps[i].name, step) == 0)
			c->step = steps[i].step;
	}
	for (char *op = strtok(NULL, " \n"); op != NULL; op = strtok(NULL, " \n")) {
		if (c->op_count == room) {
			room = room * 2 + 16;
			c->ops = realloc(c->ops, room * sizeof(*c->ops));
			if (c->ops == NULL)
				die("no memory");
		}
		c->ops[c->op_count++] = strtoull(op, NULL, 10);
	}
	if (c->target == NULL || c->step == NULL || c->op_count == 0)
		die("no such case");
	puts("ok");
}

static struct bench_case *case_at(int number)
{
	if (number < 0 || number >= case_count)
		die("no such case");
	return &cases[number];
}

static void print_hex(const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		printf("%02x", bytes[i]);
}

static void answer_case(struct bench_case *c)
{
	uint64_t op = c->ops[c->turn % c->op_count];
	uint8_t *at = c->target->guest + op;
	uint32_t function = u32_t_at(at + OP_FUNCTION);

	uint64_t data = u64_t_at(at + OP_DATA);

	run(c, 1);
	print_hex(at, OP_BYTES);
	if ((function == 6 || function == 7) && data <= guest_bytes - OP_DATA_BYTES)
		print_hex(c->target->guest + data, OP_DATA_BYTES);
	putchar('\n');
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static void time_case(struct bench_case *c, struct bench_case *undo, int milliseconds)
{
	uint32_t count = undo == NULL ? BATCH : c->op_count;
	double begin = seconds();

	for (int i = 0; i < BATCHES_MIN || seconds() - begin < milliseconds * 1e-3; i++) {
		double start = seconds();

		run(c, count);
		printf("%.3f ", (seconds() - start) * 1e9 / count);
		if (undo != NULL)
			run(undo, count);
	}
	putchar('\n');
}

static void count_case(struct bench_case *c, int steps_to_count)
{
	char number[24];

	snprintf(number, sizeof(number), "%td", c - cases);
	CALLGRIND_ZERO_STATS;
	run(c, steps_to_count);
	CALLGRIND_DUMP_STATS_AT(number);
	puts("ok");
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t room = 0;
	int first, second, third;

	if (argc != 3)
		die("IMAGE and GUEST are needed");
	read_guest(argv[2]);
	for (int i = 0; i < TARGETS; i++)
		open_target(&targets[i], argv[1], i >= TARGETS / 2);
	while (getline(&line, &room, stdin) > 0) {
		if (strncmp(line, "case ", 5) == 0)
			add_case(line + 5);
		else if (sscanf(line, "answer %d", &first) == 1)
			answer_case(case_at(first));
		else if (sscanf(line, "time %d %d %d", &first, &second, &third) == 3)
			time_case(case_at(first), second < 0 ? NULL : case_at(second), third);
		else if (strncmp(line, "reset", 5) == 0)
			reset();
		else if (sscanf(line, "count %d %d", &first, &second) == 2)
			count_case(case_at(first), second);
		else
			die("no such request");
		fflush(stdout);
	}
	free(line);
	return 0;
}

#ifdef COUNTED
/* By words, then by bytes; volatile keeps the compiler from making a call of the very function of a loop. */

static void *move_bytes(void *to, const void *from, size_t bytes)
{
	volatile uint8_t *t = to;
	const volatile uint8_t *f = from;

	if ((uintptr_t)to - (uintptr_t)from < bytes) {
		while (bytes-- > 0)
			t[bytes] = f[bytes];
		return to;
	}
	for (; bytes >= 8; bytes -= 8, t += 8, f += 8)
		((volatile struct unit *)t)->value = ((const volatile struct unit *)f)->value;
	for (; bytes > 0; bytes--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	return move_bytes(to, from, bytes);
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	return move_bytes(to, from, bytes);
}

void *memset(void *to, int value, size_t bytes)
{
	volatile uint8_t *t = to;
	uint64_t word = (uint8_t)value * 0x0101010101010101ull;

	for (; bytes >= 8; bytes -= 8, t += 8)
		((volatile struct unit *)t)->value = word;
	for (; bytes > 0; bytes--)
		*t++ = value;
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const volatile uint8_t *x = a, *y = b;

	for (; bytes >= 8 && ((const volatile struct unit *)x)->value == ((const volatile struct unit *)y)->value; bytes -= 8)
		x += 8, y += 8;
	for (; bytes > 0; bytes--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}
#endif
