/* SPDX-License-Identifier: MIT */
/*
 * Xen's EFI runtime-services hypercall, answered in this process: for unit tests, benchmarks and fuzzing of Dom0 kernel
 * shims in C, without Node. Linux; compile xenefi.c along with the test, and link nothing.
 *
 * A machine is used by one thread at a time. Functions that answer an int give 0 or a negative errno unless they say
 * otherwise. Names are UCS-2 with a terminator (u"BootOrder", or L"" with -fshort-wchar), GUIDs are 16 bytes as they lie in
 * memory.
 */
#ifndef XENEFI_H
#define XENEFI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct xenefi;

/*
 * A running machine of its own. `image`: a file that machineImage() or `xenefi image` wrote; NULL: the built-in one, OVMF 4M
 * on q35 for x86_64, booted over a blank store, at 2024-01-15T12:00:00. The file is not used after the call. NULL on
 * failure: xenefi_error() says why. Take images from where you take programs: a checksum finds damage, not malice.
 */
struct xenefi *xenefi_open(const char *image);

/* What was wrong with this thread's last xenefi_open, as one line without a newline. */
const char *xenefi_error(void);

/* Ends the machine and frees all that is its own. NULL is allowed. */
void xenefi_close(struct xenefi *);

/* Makes the machine what it was when it was opened. Ways to guest memory and the verifier stay. */
void xenefi_reset(struct xenefi *);

/*
 * Answers HYPERVISOR_platform_op for the struct xen_platform_op at `op`, in the layout of the machine's ABI: 0 or a negative
 * Xen errno, which has Linux's number. Handles in it are addresses of this process. Outputs are in the op and in the
 * buffers that it names; unless the result is 0 the op is unchanged. A pointer that leads nowhere is -EFAULT. Once Dom0 has
 * ended the answer is -ESHUTDOWN, which Xen does not have.
 */
long xenefi_platform_op(struct xenefi *, void *op);

/*
 * Answers HYPERVISOR_sched_op: 0 or a negative Xen errno. Only SCHEDOP_shutdown (2) is known, whose argument is a u32 reason.
 * Xen does not come back from it; here xenefi_shutdown tells it, and xenefi_reset starts the machine again.
 */
long xenefi_sched_op(struct xenefi *, int cmd, void *argument);

#define XENEFI_RUNNING (-1)
#define XENEFI_WARM_RESET 0x100

/* How Dom0 ended: its reason's low byte, XENEFI_WARM_RESET where a capsule made the firmware reset, or XENEFI_RUNNING. */
int xenefi_shutdown(const struct xenefi *);

/* Why the last call was refused, by the numbers of the package's Reason; 0 if it was not. */
unsigned int xenefi_reason(const struct xenefi *);

/* How guest memory, which is this process's, is reached. */
enum xenefi_guest {
	/*
	 * By process_vm_readv and process_vm_writev: no preparation, no signals, half a microsecond an access. The default
	 * wherever the kernel lets a process do that with itself, which containers may forbid.
	 */
	XENEFI_PROBED,
	/*
	 * By copying, with SIGSEGV and SIGBUS caught meanwhile. The handlers are the process's and pass on what is not theirs.
	 * Whoever sets others later takes them over: cmocka does so before each test, so choose this in the test itself.
	 */
	XENEFI_GUARDED,
	/* By copying what lies in ranges that xenefi_map has told; nothing else is mapped. */
	XENEFI_RANGES,
};

/* Chooses one. -ENOSYS or -EPERM: process_vm_readv is forbidden here. */
int xenefi_set_guest(struct xenefi *, enum xenefi_guest);

/*
 * Tells that the `bytes` bytes at `start` are mapped, for XENEFI_RANGES; they stay the caller's. -EINVAL: none, past the last
 * address, or overlapping an earlier range; -ENOMEM.
 */
int xenefi_map(struct xenefi *, const void *start, size_t bytes, int writable);

/* Takes the range that begins at `start` back; -ENOENT: there is none. */
int xenefi_unmap(struct xenefi *, const void *start);

/* What the firmware knows of a signed write. Valid during the call. */
struct xenefi_signature {
	/* The bytes that are signed. */
	const void *message;
	size_t message_bytes;
	/* CMS SignedData, DER, with or without ContentInfo; detached. */
	const void *signature;
	size_t signature_bytes;
	/* The certificate, DER, that the signer's chain must reach; NULL: the signer's own will do. */
	const void *trusted;
	size_t trusted_bytes;
};

/* What a verifier tells of a good signature. */
struct xenefi_signer {
	/* Not 0: `trusted` is the signer's own certificate. */
	int is_trusted;
	/* What certdb keeps of the signer: a digest over its common name and its TBSCertificate, at most 64 bytes. */
	size_t digest_bytes;
	uint8_t digest[64];
};

/* Runs in the middle of a hypercall: neither may call the machine or change guest memory. Not 0 means yes. */
struct xenefi_verifier {
	int (*verify)(void *context, const struct xenefi_signature *, struct xenefi_signer *);
	/* Is this X.509 certificate, DER, one with an RSA key? */
	int (*has_rsa_key)(void *context, const void *certificate, size_t bytes);
	void *context;
};

/* Sets who checks signatures; copied. NULL, the default: no signature is good, writes that need one are refused. */
void xenefi_set_verifier(struct xenefi *, const struct xenefi_verifier *);

/* 8be4df61-93ca-11d2-aa0d-00e098032b8c, EFI_GLOBAL_VARIABLE. */
extern const uint8_t xenefi_global_guid[16];

/* A variable as it lies in the store. The pointers are valid until the machine's next call or write. */
struct xenefi_variable {
	const uint16_t *name;
	const uint8_t *guid;
	uint32_t attributes;
	const void *data;
	size_t data_bytes;
};

/* Looks a variable up, whatever its attributes: 1, or 0 if there is none. */
int xenefi_get_variable(struct xenefi *, const uint16_t *name, const uint8_t guid[16], struct xenefi_variable *);

/* Steps through all variables: `*cursor` is 0 before the first. 1, or 0 behind the last one. */
int xenefi_next_variable(struct xenefi *, uint32_t *cursor, struct xenefi_variable *);

/*
 * Writes a variable as boot services do, without SetVariable's checks; no bytes delete it. 0, or the EFI status without its
 * error bit, such as 9 for EFI_OUT_OF_RESOURCES and 14 for EFI_NOT_FOUND.
 */
int xenefi_set_variable(struct xenefi *, const uint16_t *name, const uint8_t guid[16], uint32_t attributes, const void *data,
			size_t bytes);

/* The platform's oscillator: seconds since 1970-01-01T00:00:00, no zone. It stands still until it is set. */
int64_t xenefi_clock(const struct xenefi *);
void xenefi_set_clock(struct xenefi *, int64_t seconds);

/* How hypervisor and caller stand. None of it holds in the built-in machine. */
enum xenefi_state {
	XENEFI_UNPRIVILEGED = 0x01,        /* the caller is no control domain: -EPERM */
	XENEFI_NO_EFI_BOOT = 0x02,         /* Xen was not booted from EFI: -ENOSYS */
	XENEFI_NO_RUNTIME_SERVICES = 0x04, /* efi=no-rs: -EOPNOTSUPP */
	XENEFI_NO_PLATFORM_OPS = 0x40,     /* as today's Xen for Arm: -ENOSYS */
	XENEFI_OTHER_INTERFACE = 0x1000,   /* a Xen of another interface version: -EACCES */
};

void xenefi_set_state(struct xenefi *, enum xenefi_state, int on);

/*
 * The back door by one text: answers a control request of docs/protocol.md, JSON in UTF-8, with the reply that `xenefi serve`
 * gives; of its requests get, set, delete, list, clock, platform and reason. Such as
 * {"set": {"name": "SecureBoot", "attr": "BS+RT", "data": "01"}}.
 *
 * 0: `reply`, of `n` bytes, has the reply and a terminator. More: so many bytes it would need; it has the reply's first n - 1
 * and a terminator, and the request has had its effect. -1: {"error": "offset 8: expected ..."}, the offset in bytes of `json`,
 * of at most 256 bytes; nothing has happened. `n` may be 0, and `reply` then NULL.
 */
int xenefi_ctl(struct xenefi *, const char *json, char *reply, size_t n);

/* The firmware volume with the variables, of `*bytes` bytes, as the package and other tools read it; read-only. */
const void *xenefi_flash(const struct xenefi *, size_t *bytes);

#ifdef __cplusplus
}
#endif

#endif
