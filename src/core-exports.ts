import type { Verifier } from "./crypto/verifier.ts";
import type { FlashPort } from "./flash-device.ts";
import type { GuestMemory } from "./guest-memory.ts";

/** The core's exports (assembly/index.ts). Integers of 32 bits: addresses and sizes are unsigned, statuses EfiCodes. */
export interface CoreExports {
  dispatch(low: number, high: number): number;
  schedOp(cmd: number, low: number, high: number): number;
  powerOn(): void;
  attach(): void;
  cleanCertDb(): void;
  startMonotonicCount(): number;
  startCapsuleLists(memoryBytes: number): void;
  openCapsuleList(low: number, high: number): number;
  nextCapsuleBlock(): number;
  bootWrite(nameBytes: number, dataBytes: number, attributes: number): number;
  lookUp(nameBytes: number): number;
  firstRecord(): number;
  nextRecord(record: number): number;
  mark(): void;
  undo(): number;
  readyToBoot(): void;
  exitBootServices(): void;
}

/** One instance of the core: its bare exports, and views of its memory, which never grows. */
export interface Core {
  readonly exports: CoreExports;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** What the host lends a core: a verifier, the way to its flash device, the guest's memory if it is not a window. */
export interface Loans {
  verifier?: Verifier | undefined;
  flash?: FlashPort | undefined;
  guest?: GuestMemory | undefined;
}
