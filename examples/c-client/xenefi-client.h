/* Hypercalls answered by `xenefi serve`; docs/protocol.md tells the frames. POSIX, little-endian, one thread. */
#ifndef XENEFI_CLIENT_H
#define XENEFI_CLIENT_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { XENEFI_HELLO = 1, XENEFI_CALL, XENEFI_NEED, XENEFI_HAVE, XENEFI_RESULT, XENEFI_CTL, XENEFI_REPLY, XENEFI_ERROR };
enum { XENEFI_ABI_ANY, XENEFI_X86_64, XENEFI_X86_32, XENEFI_ARM64, XENEFI_ARM32 };
enum { XENEFI_OP_BYTES = 136, XENEFI_FRAME_MAX = 0x400000, XENEFI_REGIONS_MAX = 16 };

struct xenefi {
	int in, out;
	pid_t child;            /* 0: a socket */
	uint8_t *frame;         /* the last frame that came; after an ERROR its text is at frame + 12 */
	uint32_t bytes;
	uint32_t held;          /* bytes in `frame` from the stream */
};

/* Memory that a call may touch. `given`: its first bytes go along; the others are only written, or asked for. */
struct xenefi_region {
	void *address;
	uint32_t length, given;
};

static inline uint32_t xenefi_u32(const uint8_t *at) { uint32_t v; memcpy(&v, at, 4); return v; }
static inline uint64_t xenefi_u64(const uint8_t *at) { uint64_t v; memcpy(&v, at, 8); return v; }

/* The program may say which addresses of its own are bad; these bytes, from the first on, can be accessed. */
#ifndef XENEFI_ACCESSIBLE
#define XENEFI_ACCESSIBLE(address, length) ((uint64_t)(address) < 4096 ? 0 : (length))
#endif

/* 0, or -1 with errno. `parts[0]` has room for the head, and holds what follows it. */
static inline int xenefi_send(struct xenefi *x, uint8_t type, struct iovec *parts, int n)
{
	uint8_t *head = parts[0].iov_base;
	uint32_t bytes = 0;
	for (int i = 0; i < n; i++) bytes += parts[i].iov_len;
	memcpy(head, &bytes, 4);
	memcpy(head + 4, (uint8_t[]){ type, 0, 1, 0 }, 4);
	while (n > 0) {
		ssize_t done = writev(x->out, parts, n);
		if (done < 0 && errno == EINTR) continue;
		if (done < 0) return -1;
		for (; n > 0 && (size_t)done >= parts->iov_len; parts++, n--) done -= parts->iov_len;
		if (n > 0) { parts->iov_base = (uint8_t *)parts->iov_base + done; parts->iov_len -= done; }
	}
	return 0;
}

/* The type of the next frame, or -1 with errno. */
static inline int xenefi_receive(struct xenefi *x)
{
	x->held = 0;
	x->bytes = 8;
	while (x->held < x->bytes) {
		ssize_t done = read(x->in, x->frame + x->held, XENEFI_FRAME_MAX - x->held);
		if (done < 0 && errno == EINTR) continue;
		if (done == 0) errno = EPIPE;
		if (done <= 0) return -1;
		x->held += done;
		if (x->held >= 8) x->bytes = xenefi_u32(x->frame);
		if (x->bytes < 8 || x->bytes > XENEFI_FRAME_MAX) { errno = EPROTO; return -1; }
	}
	return x->frame[4];
}

/* Sends what the server has asked for. */
static inline int xenefi_have(struct xenefi *x)
{
	uint32_t n = xenefi_u32(x->frame + 8), counts[2];
	uint8_t head[8];
	struct iovec parts[5] = { { head, 8 } };
	if (n > 2) { errno = EPROTO; return -1; }
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *range = x->frame + 12 + 12 * i;
		counts[i] = XENEFI_ACCESSIBLE(xenefi_u64(range), xenefi_u32(range + 8));
		parts[2 * i + 1] = (struct iovec){ &counts[i], 4 };
		parts[2 * i + 2] = (struct iovec){ (void *)(uintptr_t)xenefi_u64(range), counts[i] };
	}
	return xenefi_send(x, XENEFI_HAVE, parts, 1 + 2 * n);
}

/* Makes the writes in order; one that cannot be made is -EFAULT, as Xen's copy_to_guest. */
static inline long xenefi_result(struct xenefi *x)
{
	const uint8_t *at = x->frame + 16, *end = x->frame + x->bytes;
	for (uint32_t n = xenefi_u32(x->frame + 12); n > 0; n--) {
		if (end - at < 12 || xenefi_u32(at + 8) > end - at - 12) return -EPROTO;
		uint64_t address = xenefi_u64(at);
		uint32_t length = xenefi_u32(at + 8), room = XENEFI_ACCESSIBLE(address, length);
		memcpy((void *)(uintptr_t)address, at + 12, room);
		if (room < length) return -EFAULT;
		at += 12 + length;
	}
	return (int32_t)xenefi_u32(x->frame + 8);
}

/*
 * HYPERVISOR_platform_op with n regions along, which save round trips and change nothing else: 0 or a negative Xen errno, or
 * -EPROTO if the server said ERROR or is gone.
 */
static inline long xenefi_platform_op(struct xenefi *x, void *op, const struct xenefi_region *regions, int n)
{
	struct { uint8_t head[8]; uint32_t number; uint16_t bytes, regions; uint64_t address; } call;
	struct { uint64_t address; uint32_t length, given; } stated[XENEFI_REGIONS_MAX];
	struct iovec parts[2 + 2 * XENEFI_REGIONS_MAX] = { { &call, 24 }, { op, XENEFI_OP_BYTES } };
	int type;
	if (n > XENEFI_REGIONS_MAX) n = XENEFI_REGIONS_MAX;
	call.number = 7;
	call.bytes = XENEFI_OP_BYTES;
	call.regions = n;
	call.address = (uintptr_t)op;
	for (int i = 0; i < n; i++) {
		stated[i].address = (uintptr_t)regions[i].address;
		stated[i].length = regions[i].length;
		stated[i].given = regions[i].given;
		parts[2 + 2 * i] = (struct iovec){ &stated[i], 16 };
		parts[3 + 2 * i] = (struct iovec){ regions[i].address, regions[i].given };
	}
	if (xenefi_send(x, XENEFI_CALL, parts, 2 + 2 * n)) return -EPROTO;
	while ((type = xenefi_receive(x)) == XENEFI_NEED)
		if (xenefi_have(x)) return -EPROTO;
	return type == XENEFI_RESULT ? xenefi_result(x) : -EPROTO;
}

/* Sends a control request; gives the reply's text, valid until the next call, or NULL. */
static inline const char *xenefi_ctl(struct xenefi *x, const char *json)
{
	uint8_t head[8];
	struct iovec parts[2] = { { head, 8 }, { (void *)json, strlen(json) } };
	if (xenefi_send(x, XENEFI_CTL, parts, 2) || xenefi_receive(x) != XENEFI_REPLY) return NULL;
	x->frame[x->bytes] = 0;
	return (const char *)x->frame + 8;
}

static inline void xenefi_close(struct xenefi *x)
{
	close(x->out);
	if (x->in != x->out) close(x->in);
	if (x->child) while (waitpid(x->child, NULL, 0) < 0 && errno == EINTR);
	free(x->frame);
	free(x);
}

static inline struct xenefi *xenefi_greet(int in, int out, pid_t child, uint8_t abi)
{
	uint8_t hello[20] = { [8] = 'X', 'E', 'F', 'I', 1, 0, abi, 0, 0, 0x10 };
	struct iovec part = { hello, 20 };
	struct xenefi *x = calloc(1, sizeof *x);
	*x = (struct xenefi){ .in = in, .out = out, .child = child, .frame = malloc(XENEFI_FRAME_MAX + 1) };
	if (!xenefi_send(x, XENEFI_HELLO, &part, 1) && xenefi_receive(x) == XENEFI_HELLO) return x;
	xenefi_close(x);
	return NULL;
}

/* Connects to `xenefi serve --unix PATH`. NULL with errno if there is none. */
static inline struct xenefi *xenefi_connect(const char *path, uint8_t abi)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	signal(SIGPIPE, SIG_IGN);
	strncpy(at.sun_path, path, sizeof at.sun_path - 1);
	if (s < 0 || connect(s, (struct sockaddr *)&at, sizeof at)) { if (s >= 0) close(s); return NULL; }
	return xenefi_greet(s, s, 0, abi);
}

/* Starts a server: argv as for execvp, such as { "xenefi", "serve", "--stdio", NULL }. It ends with xenefi_close. */
static inline struct xenefi *xenefi_spawn(char *const argv[], uint8_t abi)
{
	int to[2], from[2];
	if (pipe(to)) return NULL;
	if (pipe(from)) { close(to[0]); close(to[1]); return NULL; }
	/* A server ends when nobody holds the other end of its input: no child may inherit it. */
	for (int i = 0; i < 2; i++) { fcntl(to[i], F_SETFD, FD_CLOEXEC); fcntl(from[i], F_SETFD, FD_CLOEXEC); }
	signal(SIGPIPE, SIG_IGN);
	pid_t child = fork();
	if (child == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	if (child < 0) { close(to[1]); close(from[0]); return NULL; }
	return xenefi_greet(from[0], to[1], child, abi);
}
#endif
