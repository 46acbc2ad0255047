/*
 * Round trips of GetVariable, in turns with those of an echo server that reads and writes frames of the same sizes. Prints p20
 * and p50 of both in nanoseconds. serve-client SERVERS_PROCESSOR ROUNDS NODE CLI ECHO; the client stays on processor 0. Run by
 * bench/serve.ts.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <time.h>
#include "../examples/c-client/xenefi-client.h"

enum { BATCH = 200, WARM_BATCHES = 50, DATA_BYTES = 1024 };

static uint8_t op[XENEFI_OP_BYTES], data[DATA_BYTES];
static uint16_t name[] = u"Round-Trip-Probe";
static const struct xenefi_region regions[] = { { name, sizeof name, sizeof name }, { data, sizeof data, 0 } };

static void fill(void)
{
	uint32_t head[4] = { 49, 0x03000001, 6, 0 };
	uint64_t body[4] = { 0, (uintptr_t)name, sizeof data, (uintptr_t)data };
	memcpy(op, head, 16);
	memcpy(op + 16, body, 32);
	memset(op + 48, 0x11, 16);
}

static long one(struct xenefi *x)
{
	fill();
	return xenefi_platform_op(x, op, regions, 2);
}

static int ascending(const void *a, const void *b) { return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : *(const uint32_t *)a > *(const uint32_t *)b; }

static void batch(struct xenefi *x, uint32_t *samples)
{
	for (int i = 0; i < BATCH; i++) {
		struct timespec from, to;
		clock_gettime(CLOCK_MONOTONIC, &from);
		if (one(x)) exit(3);
		clock_gettime(CLOCK_MONOTONIC, &to);
		samples[i] = (to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec;
	}
}

/* For this process and what it starts from now on. */
static int stay_on(int processor)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	return sched_setaffinity(0, sizeof set, &set);
}

int main(int argc, char **argv)
{
	if (argc != 6 || stay_on(atoi(argv[1]))) return 2;
	argv++;
	int rounds = atoi(argv[1]);
	char size[16], request[DATA_BYTES * 2 + 200], digits[DATA_BYTES * 2 + 1];
	for (int i = 0; i < DATA_BYTES; i++) sprintf(digits + 2 * i, "%02x", i & 0xff);
	sprintf(request, "{\"set\":{\"name\":\"Round-Trip-Probe\",\"guid\":\"11111111-1111-1111-1111-111111111111\",\"data\":\"%s\"}}", digits);
	struct xenefi *served = xenefi_spawn((char *[]){ argv[2], argv[3], "serve", "--stdio", NULL }, XENEFI_X86_64);
	if (!served || !xenefi_ctl(served, request) || one(served) || memcmp(op + 16, "\0\0\0\0\0\0\0\0", 8) || data[5] != 5) return 4;
	sprintf(size, "%u", served->bytes);
	struct xenefi *echo = xenefi_spawn((char *[]){ argv[2], argv[4], size, NULL }, XENEFI_X86_64);
	if (stay_on(0) || !echo || one(echo) || echo->bytes != served->bytes) return 5;
	uint32_t *samples[2], warm[BATCH];
	for (int i = 0; i < 2; i++) samples[i] = malloc(sizeof(uint32_t) * BATCH * rounds);
	for (int i = 0; i < WARM_BATCHES; i++) { batch(served, warm); batch(echo, warm); }
	for (int i = 0; i < rounds; i++) { batch(served, samples[0] + BATCH * i); batch(echo, samples[1] + BATCH * i); }
	for (int i = 0; i < 2; i++) {
		qsort(samples[i], (size_t)BATCH * rounds, sizeof(uint32_t), ascending);
		printf("%u %u\n", samples[i][BATCH * rounds / 5], samples[i][BATCH * rounds / 2]);
	}
	xenefi_close(served);
	xenefi_close(echo);
	return 0;
}
