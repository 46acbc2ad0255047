// SPDX-License-Identifier: MIT
/*
 * A peer of the core: GetVariable and SetVariable by the same algorithm with the same checks, written by hand in C, for the
 * 64-bit layout and the policy `edk2` after ExitBootServices. Name scan and hash in one pass, open addressing, a log of edk2's
 * records, which a write that lacks room reclaims. What it lacks is answered EFI_UNSUPPORTED: authenticated writes, and
 * variables that a rule names. bench/peers/plain.ts is the same in TypeScript.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uchar.h>

enum { OP_BYTES = 136, OP_VERSION = 4, OP_BODY = 8, OP_FUNCTION = 8, OP_MISC = 12, OP_STATUS = 16, OP_NAME = 24 };
enum { OP_SIZE = 32, OP_DATA = 40, OP_GUID = 48, OP_END = 64 };
enum { INVALID_PARAMETER = 2, UNSUPPORTED = 3, BUFFER_TOO_SMALL = 5, WRITE_PROTECTED = 8, OUT_OF_RESOURCES = 9, NOT_FOUND = 14 };
enum { NV = 1, BS = 2, RT = 4, HR = 8, AW = 0x10, AT = 0x20, APPEND = 0x40, ENHANCED = 0x80, STORED = NV | RT };
enum { HEADER = 60, R_STATE = 2, R_ATTRIBUTES = 4, R_NAME_BYTES = 36, R_DATA_BYTES = 40, R_GUID = 44 };
enum { ADDED = 0x3f, IN_TRANSITION = 0x3e };

#define NULL_GUARD 0x1000
#define ALLOCATION_LIMIT 0xffffffffull
/* Record header included. */
#define MAX_VARIABLE 0x8400
#define MAX_VOLATILE 0x40000
#define LOG_FIRST 0x64
#define SLOTS_MIN 128
#define SLOTS_MAX 32768
#define NAMESPACES_MAX 16

struct slot {
	uint32_t hash, record;
};

struct plain {
	uint8_t *guest;
	uint64_t guest_bytes;
	bool unprivileged;
	/* The hypervisor's copy of the op. */
	uint8_t op[OP_END];
	/* Records are offsets in the log; 0 is none. Behind it lies room for the copy of a reclaim. */
	uint8_t *log, *copy;
	uint32_t log_end, tail;
	struct slot index[SLOTS_MAX];
	uint32_t slots, used_slots;
	/* GUIDs whose variables rules name. */
	uint8_t namespaces[NAMESPACES_MAX][16];
	uint32_t namespace_count;
	/* By attributes' low byte, + 0x100 for a higher bit. */
	uint8_t verdicts[0x200];
};

/* A variable that a call names, and what it writes. */
struct draft {
	const uint8_t *name, *guid, *head, *data;
	uint32_t name_bytes, hash, attributes, head_bytes, data_bytes;
};

#define ACCESSORS(type) \
	static inline type type##_at(const void *from) { type value; memcpy(&value, from, sizeof(value)); return value; } \
	static inline void set_##type(void *to, type value) { memcpy(to, &value, sizeof(value)); }
typedef uint16_t u16_t;
typedef uint32_t u32_t;
typedef uint64_t u64_t;
ACCESSORS(u16_t)
ACCESSORS(u32_t)
ACCESSORS(u64_t)

static inline uint64_t guest_left(const struct plain *p, uint64_t at)
{
	return at - NULL_GUARD >= p->guest_bytes - NULL_GUARD ? 0 : p->guest_bytes - at;
}

/* The hash: a sum of products, eight bytes each, by powers of a number. */
#define KEY 0x9e3779b97f4a7c15ull

static inline uint64_t guid_sum(const uint8_t *guid)
{
	return u64_t_at(guid) * KEY + u64_t_at(guid + 8) * (KEY * KEY);
}

static inline uint32_t fold(uint64_t sum)
{
	return (sum ^ sum >> 32) * KEY >> 32;
}

/* Hashes a name of known length, terminator included. */
static uint32_t hash_name(const uint8_t *guid, const uint8_t *name, uint32_t name_bytes)
{
	uint64_t sum = guid_sum(guid);
	uint64_t key = KEY * KEY * KEY;
	uint64_t last = 0;
	int32_t left = (int32_t)name_bytes - 2;

	for (; left >= 8; left -= 8, name += 8, key *= KEY)
		sum += u64_t_at(name) * key;
	for (int32_t i = 0; i < left; i += 2)
		last |= (uint64_t)u16_t_at(name + i) << 8 * i;
	return fold(sum + last * key);
}

/* Finds the terminator and hashes on the way, four units at a time. Guest memory has slack behind it. */
static bool scan_name(struct plain *p, struct draft *d, uint64_t at)
{
	const uint8_t *name = p->guest + at;
	const uint8_t *end = name + guest_left(p, at);
	uint64_t sum = guid_sum(d->guid);
	uint64_t key = KEY * KEY * KEY;

	d->name = name;
	for (; name < end; name += 8) {
		uint64_t units = u64_t_at(name);
		uint64_t zeros = (units - 0x0001000100010001ull) & ~units & 0x8000800080008000ull;
		int bits;

		if (zeros == 0) {
			sum += units * key;
			key *= KEY;
			continue;
		}
		bits = __builtin_ctzll(zeros) - 15;
		name += bits / 8 + 2;
		d->name_bytes = name - d->name;
		d->hash = fold(sum + (units & ~(~0ull << bits)) * key);
		return name <= end;
	}
	return false;
}

/* The log. */

static inline uint32_t attributes_of(const struct plain *p, uint32_t record)
{
	return u32_t_at(p->log + record + R_ATTRIBUTES);
}

static inline uint32_t name_bytes_at(const struct plain *p, uint32_t record)
{
	return u32_t_at(p->log + record + R_NAME_BYTES);
}

static inline uint32_t data_bytes_at(const struct plain *p, uint32_t record)
{
	return u32_t_at(p->log + record + R_DATA_BYTES);
}

static inline uint8_t *data_of(const struct plain *p, uint32_t record)
{
	return p->log + record + HEADER + name_bytes_at(p, record);
}

static inline uint32_t next_of(const struct plain *p, uint32_t record)
{
	return (record + HEADER + name_bytes_at(p, record) + data_bytes_at(p, record) + 3) & ~3u;
}

static inline uint32_t record_bytes(const struct draft *d)
{
	return HEADER + d->name_bytes + d->head_bytes + d->data_bytes;
}

/* The index. */

static bool is_named(const struct plain *p, uint32_t record, const struct draft *d)
{
	const uint8_t *at = p->log + record;

	return u32_t_at(at + R_NAME_BYTES) == d->name_bytes && u64_t_at(at + R_GUID) == u64_t_at(d->guid) &&
	       u64_t_at(at + R_GUID + 8) == u64_t_at(d->guid + 8) && memcmp(at + HEADER, d->name, d->name_bytes) == 0;
}

static uint32_t find(const struct plain *p, const struct draft *d)
{
	uint32_t mask = p->slots - 1;

	for (uint32_t slot = d->hash & mask;; slot = (slot + 1) & mask) {
		const struct slot *s = &p->index[slot];

		if (s->record == 0)
			return 0;
		if (s->hash == d->hash && is_named(p, s->record, d))
			return s->record;
	}
}

static uint32_t slot_of(const struct plain *p, uint32_t hash, uint32_t record)
{
	uint32_t slot = hash & (p->slots - 1);

	while (p->index[slot].record != record)
		slot = (slot + 1) & (p->slots - 1);
	return slot;
}

static void insert(struct plain *p, uint32_t hash, uint32_t record)
{
	uint32_t slot = slot_of(p, hash, 0);

	p->index[slot] = (struct slot){ hash, record };
	p->used_slots++;
}

/* Later entries of the same run move up, so no tombstone is left. */
static void remove_entry(struct plain *p, uint32_t hash, uint32_t record)
{
	uint32_t mask = p->slots - 1;
	uint32_t gap = slot_of(p, hash, record);
	uint32_t slot = gap;

	while (true) {
		slot = (slot + 1) & mask;
		if (p->index[slot].record == 0)
			break;
		if (((slot - p->index[slot].hash) & mask) < ((slot - gap) & mask))
			continue;
		p->index[gap] = p->index[slot];
		gap = slot;
	}
	p->index[gap] = (struct slot){ 0, 0 };
	p->used_slots--;
}

static bool is_valid(const struct plain *p, uint32_t record)
{
	uint8_t state = p->log[record + R_STATE];

	return state == ADDED || state == IN_TRANSITION;
}

static void rebuild_index(struct plain *p)
{
	uint32_t count = 0;

	for (uint32_t record = LOG_FIRST; record < p->tail; record = next_of(p, record))
		count += is_valid(p, record);
	p->slots = SLOTS_MIN;
	while (p->slots < count * 4 && p->slots < SLOTS_MAX)
		p->slots *= 2;
	p->used_slots = 0;
	memset(p->index, 0, p->slots * sizeof(*p->index));
	for (uint32_t record = LOG_FIRST; record < p->tail; record = next_of(p, record)) {
		const uint8_t *at = p->log + record;

		if (is_valid(p, record))
			insert(p, hash_name(at + R_GUID, at + HEADER, name_bytes_at(p, record)), record);
	}
}

/* Writes. */

static void write_record(uint8_t *at, const struct draft *d)
{
	uint8_t header[HEADER] = { 0xaa, 0x55, 0xff };
	uint8_t *name = at + HEADER;

	set_u32_t(header + R_ATTRIBUTES, d->attributes);
	set_u32_t(header + R_NAME_BYTES, d->name_bytes);
	set_u32_t(header + R_DATA_BYTES, d->head_bytes + d->data_bytes);
	memcpy(header + R_GUID, d->guid, 16);
	memcpy(at, header, HEADER);
	memcpy(name, d->name, d->name_bytes);
	memcpy(name + d->name_bytes, d->head, d->head_bytes);
	memcpy(name + d->name_bytes + d->head_bytes, d->data, d->data_bytes);
	at[R_STATE] &= ADDED;
}

static void append(struct plain *p, const struct draft *d, uint32_t old)
{
	uint32_t record = p->tail;

	write_record(p->log + record, d);
	p->tail = (record + record_bytes(d) + 3) & ~3u;
	if (old != 0) {
		p->log[old + R_STATE] &= 0xfd;
		p->index[slot_of(p, d->hash, old)].record = record;
	} else if (p->used_slots * 2 >= p->slots && p->slots < SLOTS_MAX) {
		rebuild_index(p);
	} else {
		insert(p, d->hash, record);
	}
}

/* Keeps the live records but `replaced`, and puts the draft behind them. */
static bool reclaim(struct plain *p, const struct draft *d, uint32_t replaced)
{
	uint32_t tail = LOG_FIRST;

	memset(p->copy, 0xff, p->log_end);
	for (uint32_t record = LOG_FIRST, next; record < p->tail; record = next) {
		next = next_of(p, record);
		if (record == replaced || !is_valid(p, record))
			continue;
		memcpy(p->copy + tail, p->log + record, next - record);
		tail += next - record;
	}
	if (record_bytes(d) > p->log_end - tail)
		return false;
	write_record(p->copy + tail, d);
	memcpy(p->log, p->copy, p->log_end);
	p->tail = (tail + record_bytes(d) + 3) & ~3u;
	rebuild_index(p);
	return true;
}

static uint32_t write_variable(struct plain *p, const struct draft *d, uint32_t old)
{
	if (record_bytes(d) <= p->log_end - p->tail) {
		append(p, d, old);
		return 0;
	}
	return reclaim(p, d, old) ? 0 : OUT_OF_RESOURCES;
}

static uint32_t change(struct plain *p, struct draft *d, uint32_t record, bool appending)
{
	bool deletes = (d->data_bytes == 0 && !appending) || (d->attributes & (BS | RT)) == 0;

	if ((attributes_of(p, record) & STORED) != STORED)
		return INVALID_PARAMETER;
	if (deletes) {
		p->log[record + R_STATE] &= 0xfd;
		remove_entry(p, d->hash, record);
		return 0;
	}
	if (!appending && data_bytes_at(p, record) == d->data_bytes && memcmp(data_of(p, record), d->data, d->data_bytes) == 0)
		return 0;
	if (appending) {
		d->head = data_of(p, record);
		d->head_bytes = data_bytes_at(p, record);
		if (record_bytes(d) > MAX_VARIABLE)
			return INVALID_PARAMETER;
	}
	p->log[record + R_STATE] &= 0xfe;
	return write_variable(p, d, record);
}

static uint32_t create(struct plain *p, struct draft *d, bool appending)
{
	if (appending && d->data_bytes == 0)
		return 0;
	if (d->data_bytes == 0 || (d->attributes & (BS | RT)) == 0)
		return NOT_FOUND;
	return (d->attributes & STORED) == STORED ? write_variable(p, d, 0) : INVALID_PARAMETER;
}

static bool is_ruled(const struct plain *p, const uint8_t *guid)
{
	for (uint32_t i = 0; i < p->namespace_count; i++) {
		if (u64_t_at(p->namespaces[i]) == u64_t_at(guid) && u64_t_at(p->namespaces[i] + 8) == u64_t_at(guid + 8))
			return true;
	}
	return false;
}

static bool is_language(const struct draft *d)
{
	static const char16_t *const names[] = { u"Lang", u"PlatformLang", u"LangCodes", u"PlatformLangCodes" };
	static const uint32_t bytes[] = { 10, 26, 20, 36 };
	uint16_t first = u16_t_at(d->name);

	if (first != 'L' && first != 'P')
		return false;
	for (int i = 0; i < 4; i++) {
		if (d->name_bytes == bytes[i] && memcmp(d->name, names[i], bytes[i]) == 0)
			return true;
	}
	return false;
}

/* The checks in edk2's order. */
static uint32_t set_checked(struct plain *p, struct draft *d)
{
	bool appending = (d->attributes & APPEND) != 0;
	uint32_t verdict, record, stored;

	if (d->name_bytes <= 2)
		return INVALID_PARAMETER;
	verdict = p->verdicts[(d->attributes & 0xff) | (d->attributes > 0xff ? 0x100 : 0)];
	if (verdict != 0)
		return verdict;
	if (d->attributes & AT)
		return UNSUPPORTED;
	if ((uint64_t)d->name_bytes + d->data_bytes > (d->attributes & NV ? MAX_VARIABLE : MAX_VOLATILE) - HEADER)
		return INVALID_PARAMETER;
	if (is_ruled(p, d->guid))
		return UNSUPPORTED;
	record = find(p, d);
	stored = record == 0 ? 0 : attributes_of(p, record);
	if (record != 0 && (stored & RT) == 0)
		return WRITE_PROTECTED;
	if (record != 0 && d->attributes != 0 && (d->attributes & ~APPEND) != stored)
		return INVALID_PARAMETER;
	if (is_language(d))
		return UNSUPPORTED;
	if (record != 0 && (stored & (AW | AT)) != 0)
		return WRITE_PROTECTED;
	d->attributes &= ~APPEND;
	return record != 0 ? change(p, d, record, appending) : create(p, d, appending);
}

static int answer(struct plain *p, uint32_t code)
{
	set_u64_t(p->op + OP_STATUS, code == 0 ? 0 : code | 1ull << 63);
	return 0;
}

/* Also whether the hypervisor would allocate as many bytes as the call names. */
static int take_name(struct plain *p, struct draft *d)
{
	d->guid = p->op + OP_GUID;
	if (!scan_name(p, d, u64_t_at(p->op + OP_NAME)))
		return -EFAULT;
	return u64_t_at(p->op + OP_SIZE) > ALLOCATION_LIMIT ? -ENOMEM : 0;
}

static int get_variable(struct plain *p)
{
	struct draft d = { 0 };
	uint64_t size = u64_t_at(p->op + OP_SIZE), data = u64_t_at(p->op + OP_DATA);
	uint32_t record, attributes, bytes;
	int errno_of_name;

	if (u32_t_at(p->op + OP_MISC) != 0)
		return -EINVAL;
	errno_of_name = take_name(p, &d);
	if (errno_of_name != 0)
		return errno_of_name;
	record = d.name_bytes <= 2 ? 0 : find(p, &d);
	attributes = record == 0 ? 0 : attributes_of(p, record);
	if ((attributes & RT) == 0)
		return answer(p, NOT_FOUND);
	bytes = data_bytes_at(p, record);
	if (size >= bytes) {
		uint64_t left = guest_left(p, data);

		if (size == 0)
			return answer(p, INVALID_PARAMETER);
		/* What lies before the fault is written, as Xen's copy_to_guest does. */
		if (left != 0)
			memcpy(p->guest + data, p->log + record + HEADER + d.name_bytes, left < bytes ? left : bytes);
		if (left < bytes)
			return -EFAULT;
	}
	set_u64_t(p->op + OP_SIZE, bytes);
	set_u32_t(p->op + OP_MISC, attributes);
	return answer(p, size < bytes ? BUFFER_TOO_SMALL : 0);
}

static int set_variable(struct plain *p)
{
	struct draft d = { 0 };
	uint64_t data = u64_t_at(p->op + OP_DATA);
	int errno_of_name = take_name(p, &d);

	if (errno_of_name != 0)
		return errno_of_name;
	d.attributes = u32_t_at(p->op + OP_MISC);
	d.data_bytes = u64_t_at(p->op + OP_SIZE);
	if (d.data_bytes != 0 && guest_left(p, data) < d.data_bytes)
		return -EFAULT;
	d.data = p->guest + (d.data_bytes == 0 ? 0 : data);
	d.head = d.data;
	return answer(p, set_checked(p, &d));
}

/* As HYPERVISOR_platform_op, in Xen's order. */
__attribute__((noinline)) static int plain_dispatch(struct plain *p, uint64_t op)
{
	uint8_t *at = p->guest + op;
	int result;

	if (guest_left(p, op) < OP_BYTES)
		return -EFAULT;
	if (u32_t_at(at + OP_VERSION) != 0x03000001)
		return -EACCES;
	if (p->unprivileged)
		return -EPERM;
	if (u32_t_at(at) != 49)
		return -ENOSYS;
	memcpy(p->op + OP_BODY, at + OP_BODY, OP_END - OP_BODY);
	switch (u32_t_at(p->op + OP_FUNCTION)) {
	case 6:
		result = get_variable(p);
		break;
	case 7:
		result = set_variable(p);
		break;
	default:
		return -ENOSYS;
	}
	if (result == 0)
		memcpy(at + OP_BODY, p->op + OP_BODY, OP_END - OP_BODY);
	return result;
}

/* What the policy says of attributes alone, by index. */
static uint8_t verdict_on(uint32_t index)
{
	if (index >= 0x100 || (index & ENHANCED) != 0)
		return INVALID_PARAMETER;
	if (index & AW)
		return UNSUPPORTED;
	if ((index & (NV | BS | RT | HR | AT | APPEND)) == NV || (index & (BS | RT)) == RT)
		return INVALID_PARAMETER;
	return (index & HR) != 0 && (index & AT) == 0 ? INVALID_PARAMETER : 0;
}

/* A store of `log_end` bytes without variables. Guest memory has 8 readable bytes behind it. NULL: no memory. */
static struct plain *plain_make(uint8_t *guest, uint64_t guest_bytes, uint32_t log_end)
{
	struct plain *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->guest = guest;
	p->guest_bytes = guest_bytes;
	p->log_end = log_end;
	p->log = malloc(log_end);
	p->copy = malloc(log_end);
	if (p->log == NULL || p->copy == NULL)
		return NULL;
	memset(p->log, 0xff, log_end);
	p->tail = LOG_FIRST;
	for (uint32_t i = 0; i < 0x200; i++)
		p->verdicts[i] = verdict_on(i);
	rebuild_index(p);
	return p;
}

/* Stores a variable that is not there yet, unchecked. */
static void plain_add(struct plain *p, const uint16_t *name, const uint8_t *guid, uint32_t attributes, const void *data,
		      uint32_t data_bytes)
{
	struct draft d = { .name = (const uint8_t *)name, .guid = guid, .attributes = attributes, .data = data };

	d.data_bytes = data_bytes;
	d.head = data;
	while (name[d.name_bytes / 2] != 0)
		d.name_bytes += 2;
	d.name_bytes += 2;
	d.hash = hash_name(guid, d.name, d.name_bytes);
	append(p, &d, 0);
}
