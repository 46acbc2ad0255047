import { FLASH } from "../../../assembly/abi/layout.ts";
import { areSameBytes } from "../../../src/bytes.ts";
import { nodeVerifier } from "../../../src/crypto/node-verifier.ts";
import { ByteWriter } from "../../../src/formats/byte-writer.ts";
import type { Verifier } from "../../../src/index.ts";
import { fixedMemory, Machine, machineImage, replay, startMachine, type Trace } from "../../../src/index.ts";
import { snapshotBlocks } from "../../../src/snapshot.ts";
import { PLAYER_WINDOW_BYTES } from "../../../src/trace/index.ts";

/** Hypercalls of a replay as replay.c makes them again, from the machine's start or from a reboot on. */
export interface CallFile {
  image: Uint8Array;
  calls: Uint8Array;
}

const CALL = 1;
const FLASH_END = 2;
const PAGE_BYTES = 4096;
/** Where a process has no memory. */
const UNMAPPED_BELOW = 0x10000;

/** Replays a trace on a guest with memory of its own and writes its hypercalls down, a file for each boot. */
export function recordCalls(trace: Trace, store: Uint8Array | undefined): CallFile[] {
  const bytes = new Uint8Array(PLAYER_WINDOW_BYTES);
  const guestMemory = fixedMemory(bytes.buffer, { unmappedBelow: UNMAPPED_BELOW });
  const verdicts = new RecordingVerifier();
  const start = startMachine(trace, store, verdicts, guestMemory);
  const { machine } = start;
  const files: CallFile[] = [];
  let recording: Recording | undefined;
  const begin = () => new Recording(machine, bytes, verdicts);
  const { hypercall, reboot } = Machine.prototype;
  machine.hypercall = (op) => {
    // The player has unmapped what it wants to be so by now.
    recording ??= begin();
    return recording.call(BigInt(op), () => hypercall.call(machine, op));
  };
  machine.reboot = (preload) => {
    if (recording !== undefined) files.push(recording.end());
    reboot.call(machine, preload);
    recording = undefined;
  };
  replay(trace, start);
  if (recording !== undefined) files.push((recording as Recording).end());
  return files;
}

class Recording {
  readonly #machine: Machine;
  readonly #image: Uint8Array;
  readonly #memory: Uint8Array;
  readonly #verdicts: RecordingVerifier;
  readonly #calls = new ByteWriter();
  readonly #pieces: [start: number, end: number][];
  /** Guest memory as replay.c has it by now. */
  readonly #told: Uint8Array;

  constructor(machine: Machine, memory: Uint8Array, verdicts: RecordingVerifier) {
    this.#machine = machine;
    this.#image = machineImage(machine);
    this.#memory = memory;
    this.#verdicts = verdicts;
    this.#told = new Uint8Array(memory.length);
    this.#pieces = [...piecesOf(machine, memory.length)];
    this.#calls.u32(this.#pieces.length);
    for (const [start, end] of this.#pieces) this.#calls.u32(start).u32(end - start);
  }

  call(op: bigint, make: () => number): number {
    const { platform } = this.#machine;
    const laid = this.#changes();
    this.#verdicts.log = new ByteWriter();
    const state =
      (platform.privileged ? 0 : 1) |
      (platform.efiBoot ? 0 : 2) |
      (platform.runtimeServices ? 0 : 4) |
      (platform.platformOps ? 0 : 0x40) |
      (platform.interfaceMatches ? 0 : 0x1000);
    const ret = make();
    const verdicts = this.#verdicts.log.done();
    this.#calls.u32(CALL).u32(state).u64(BigInt.asUintN(64, op)).u32(ret).u32(this.#machine.reason).bytes(laid);
    this.#calls.u32(verdicts.length).bytes(verdicts).bytes(this.#changes());
    return ret;
  }

  end(): CallFile {
    const blocks = [...snapshotBlocks(this.#machine.snapshot())];
    const flash = blocks.find(({ address }) => address === FLASH)?.bytes as Uint8Array;
    return { image: this.#image, calls: this.#calls.u32(FLASH_END).bytes(flash).done() };
  }

  /** What differs from what has been told, page by page; it then has been. */
  #changes(): Uint8Array {
    const changes = new ByteWriter();
    let count = 0;
    for (const [start, end] of this.#pieces) {
      for (let page = start; page < end; page += PAGE_BYTES) {
        const now = this.#memory.subarray(page, page + PAGE_BYTES);
        const told = this.#told.subarray(page, page + PAGE_BYTES);
        if (Buffer.compare(now, told) === 0) continue;
        told.set(now);
        changes.u32(page).u32(now.length).bytes(now);
        count++;
      }
    }
    return new ByteWriter().u32(count).bytes(changes.done()).done();
  }
}

/** Mapped guest memory between the machine's holes. */
function* piecesOf(machine: Machine, length: number): Generator<[start: number, end: number]> {
  for (let at = UNMAPPED_BELOW; at < length; ) {
    const bytes = machine.mappedBytes(at);
    if (bytes > 0) yield [at, at + bytes];
    at += Math.max(bytes, PAGE_BYTES);
  }
}

/** The usual verifier; what it is asked and answers is written down. */
class RecordingVerifier implements Verifier {
  log = new ByteWriter();

  verify(signature: Uint8Array, message: Uint8Array, trusted: Uint8Array | undefined) {
    const signed = nodeVerifier.verify(signature, message, trusted);
    for (const asked of [message, signature, trusted ?? new Uint8Array(0)]) this.log.u32(asked.length).bytes(asked);
    const isTrusted = signed !== undefined && trusted !== undefined && areSameBytes(signed.signer, trusted);
    this.log.u32(signed === undefined ? 0 : 1).u32(isTrusted ? 1 : 0);
    this.log.u32(signed?.digest.length ?? 0).bytes(signed?.digest ?? new Uint8Array(0));
    return signed;
  }

  hasRsaKey(certificate: Uint8Array): boolean {
    const yes = nodeVerifier.hasRsaKey(certificate);
    this.log
      .u32(certificate.length)
      .bytes(certificate)
      .u32(yes ? 1 : 0);
    return yes;
  }
}
