import { instantiateSync } from "@assemblyscript/loader";
import { FLASH, WINDOW, WINDOW_SLACK } from "../assembly/abi/layout.ts";
import { areSameBytes } from "./bytes.ts";
import type { Core, CoreExports, Loans } from "./core-exports.ts";
import { NO_VERIFIER, type Verifier } from "./crypto/verifier.ts";
import type { FlashPort } from "./flash-device.ts";
import type { GuestCopies, GuestMemory } from "./guest-memory.ts";

const PAGE_BYTES = 65536;

/** Pages that the core's own blocks and the smallest window take; asconfig.json states the limits. */
const PAGES_MIN = 68;
const PAGES_MAX = 1024;

/** Largest guest window, in bytes. */
export const WINDOW_BYTES_MAX = PAGES_MAX * PAGE_BYTES - WINDOW - WINDOW_SLACK;

/** Makes an instance of a core's module, with a memory that holds a guest window of at least `windowBytes` bytes. */
export function makeCoreOf(
  module: WebAssembly.Module,
  windowBytes: number,
  { verifier = NO_VERIFIER, flash, guest }: Loans,
): Core {
  const pages = Math.max(PAGES_MIN, Math.ceil((WINDOW + windowBytes + WINDOW_SLACK) / PAGE_BYTES));
  const memory = new WebAssembly.Memory({ initial: pages, maximum: PAGES_MAX });
  const bytes = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  const host = { ...lendVerifier(verifier, bytes, view), ...lendFlash(flash, bytes) };
  const { instance } = instantiateSync(module, { env: { memory }, host, guest: lendGuest(guest, bytes) });
  return { exports: instance.exports as unknown as CoreExports, bytes, view };
}

/** The imports of assembly/guest.ts. Where the guest's memory is a window the core calls neither. */
function lendGuest(guest: GuestMemory | undefined, bytes: Uint8Array) {
  const copies: GuestCopies | undefined = guest?.connect(bytes);
  return {
    copyIn: (to: number, low: number, high: number, count: number): number =>
      copies?.copyIn(to, low, high, count) ?? count,
    copyOut: (from: number, low: number, high: number, count: number): number =>
      copies?.copyOut(from, low, high, count) ?? count,
  };
}

/** The imports of assembly/host.ts. Addresses and sizes come signed from the core. */
function lendVerifier(verifier: Verifier, bytes: Uint8Array, view: DataView) {
  const copy = (at: number, count: number) => bytes.slice(at >>> 0, (at >>> 0) + (count >>> 0));
  return {
    verify(
      message: number,
      messageBytes: number,
      signature: number,
      signatureBytes: number,
      trusted: number,
      trustedBytes: number,
      verdict: number,
    ): number {
      const certificate = trustedBytes === 0 ? undefined : copy(trusted, trustedBytes);
      const signed = verifier.verify(copy(signature, signatureBytes), copy(message, messageBytes), certificate);
      if (signed === undefined || signed.digest.length > DIGEST_BYTES_MAX) return 0;
      const isSigner = certificate !== undefined && areSameBytes(certificate, signed.signer);
      view.setUint32(verdict, isSigner ? 1 : 0, true);
      view.setUint32(verdict + 4, signed.digest.length, true);
      bytes.set(signed.digest, verdict + 8);
      return 1;
    },
    hasRsaKey: (certificate: number, count: number): number => (verifier.hasRsaKey(copy(certificate, count)) ? 1 : 0),
  };
}

/** Flash offsets and sizes are small: they have no sign. Without a port the core calls neither. */
function lendFlash(flash: FlashPort | undefined, bytes: Uint8Array) {
  return {
    flashWritten: (offset: number, count: number): void =>
      flash?.write(offset, bytes.subarray(FLASH + offset, FLASH + offset + count)),
    flashSync: (): void => flash?.sync(),
  };
}

/** Room for a signer's digest in the core. */
const DIGEST_BYTES_MAX = 64;
