// SPDX-License-Identifier: MIT
/*
 * GetVariable of 64 bytes over the three ways to guest memory, beside the same core with guest memory in its own window, where
 * it copies nothing. Cases take turns in batches; ratios are of the p20 of the batches' means, for the machine's speed drifts.
 * The library is included: its interface has no window.
 */
#include "xenefi.c"
#include <time.h>

#define BATCH 1000
#ifndef ROUNDS
#define ROUNDS 400
#endif
#define VARIABLES 50
#define DATA_BYTES 64

/* struct xen_platform_op with XEN_EFI_get_variable, 64-bit layout. */
struct op {
	uint32_t cmd, interface_version, function, misc;
	uint64_t status, name, size, data;
	uint8_t guid[16];
	uint8_t rest[136 - 64];
};

struct guest {
	struct op op;
	uint16_t name[16];
	uint8_t data[DATA_BYTES];
};

struct machine {
	const char *name;
	struct xenefi *x;
	struct guest *guest;
	/* What the core takes for the op's address. */
	uint64_t op;
	double ns[ROUNDS];
};

static const uint8_t GUID[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static void name_variable(uint16_t *name, int number)
{
	static const char text[] = "Benchmark-";

	for (size_t i = 0; i < sizeof(text); i++)
		name[i] = text[i];
	name[10] = '0' + number / 10;
	name[11] = '0' + number % 10;
	name[12] = 0;
}

static struct xenefi *open_machine(void)
{
	struct xenefi *x = xenefi_open(NULL);
	uint8_t data[DATA_BYTES];
	uint16_t name[16];

	if (x == NULL) {
		fprintf(stderr, "%s\n", xenefi_error());
		exit(1);
	}
	for (int i = 0; i < VARIABLES; i++) {
		name_variable(name, i);
		memset(data, i + 1, sizeof(data));
		if (xenefi_set_variable(x, name, GUID, 7, data, sizeof(data)) != 0)
			exit(1);
	}
	return x;
}

/* Lays the op out at `guest`, which the guest knows as `base`. */
static void lay(struct guest *guest, uint64_t base)
{
	memset(guest, 0, sizeof(*guest));
	guest->op.cmd = 49;
	guest->op.interface_version = 0x03000001;
	guest->op.function = 6;
	guest->op.name = base + offsetof(struct guest, name);
	guest->op.size = DATA_BYTES;
	guest->op.data = base + offsetof(struct guest, data);
	memcpy(guest->op.guid, GUID, 16);
	name_variable(guest->name, VARIABLES / 2);
}

static struct machine foreign(const char *name, enum xenefi_guest way)
{
	struct machine m = { .name = name, .x = open_machine(), .guest = aligned_alloc(64, 512) };

	lay(m.guest, (uintptr_t)m.guest);
	m.op = (uintptr_t)m.guest;
	xenefi_map(m.x, m.guest, 512, 1);
	if (xenefi_set_guest(m.x, way) != 0)
		fprintf(stderr, "%s: not possible here\n", name);
	return m;
}

static struct machine window(void)
{
	struct machine m = { .name = "window", .x = open_machine(), .op = 0x10000 };

	core_set_u32(m.x, CORE_STATE_ATTENTION, core_u32(m.x, CORE_STATE_ATTENTION) & ~CORE_ATTENTION_FOREIGN);
	m.guest = (struct guest *)(void *)core_at(m.x, CORE_WINDOW + m.op);
	lay(m.guest, m.op);
	return m;
}

static void get(struct machine *m)
{
	/* It carried the attributes out. */
	m->guest->op.misc = 0;
	if (Z_xenefi_coreZ_dispatch(&m->x->core, (uint32_t)m->op, m->op >> 32) != 0 || m->guest->op.status != 0) {
		fprintf(stderr, "%s: not answered\n", m->name);
		exit(1);
	}
}

static double time_batch(struct machine *m)
{
	struct timespec start, end;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < BATCH; i++)
		get(m);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / BATCH;
}

/* A benchmark of wrong answers would pass for a fast one. */
static void check(struct machine *m)
{
	uint8_t expected[DATA_BYTES];

	memset(expected, VARIABLES / 2 + 1, sizeof(expected));
	get(m);
	if (memcmp(m->guest->data, expected, sizeof(expected)) != 0 || m->guest->op.misc != 7) {
		fprintf(stderr, "%s: a wrong answer\n", m->name);
		exit(1);
	}
}

static int compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

static double p20(struct machine *m)
{
	qsort(m->ns, ROUNDS, sizeof(*m->ns), compare);
	return m->ns[ROUNDS / 5];
}

int main(void)
{
	struct machine machines[] = { window(), foreign("ranges", XENEFI_RANGES), foreign("guarded", XENEFI_GUARDED),
				      foreign("probed", XENEFI_PROBED) };
	size_t count = sizeof(machines) / sizeof(*machines);
	double base;

	for (size_t i = 0; i < count; i++) {
		check(&machines[i]);
		time_batch(&machines[i]);
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < count; i++)
			machines[i].ns[round] = time_batch(&machines[i]);
	}
	base = p20(&machines[0]);
	for (size_t i = 0; i < count; i++)
		printf("  %-8s %8.1f ns  %6.2f\n", machines[i].name, p20(&machines[i]), p20(&machines[i]) / base);
	return 0;
}
