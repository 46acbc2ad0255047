import { instantiateSync } from "@assemblyscript/loader";
import { WINDOW, WINDOW_SLACK } from "../assembly/abi/layout.ts";

/** The core's exports (assembly/index.ts). Integers of 32 bits: addresses and sizes are unsigned, statuses EfiCodes. */
export interface CoreExports {
  dispatch(op: number): number;
  powerOn(): void;
  attach(): void;
  startMonotonicCount(): number;
  bootWrite(nameBytes: number, dataBytes: number, attributes: number): number;
  lookUp(nameBytes: number): number;
  firstRecord(): number;
  nextRecord(record: number): number;
  exitBootServices(): void;
}

/** One instance of the core: its bare exports, and views of its memory, which never grows. */
export interface Core {
  readonly exports: CoreExports;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

const PAGE_BYTES = 65536;

/** Pages that the core's own blocks and the smallest window take; asconfig.json states the limits. */
const PAGES_MIN = 128;
const PAGES_MAX = 1024;

/** Largest guest window, in bytes. */
export const WINDOW_BYTES_MAX = PAGES_MAX * PAGE_BYTES - WINDOW - WINDOW_SLACK;

/** Makes an instance whose guest window has at least `windowBytes` bytes. The module is compiled once a process. */
export function makeCore(windowBytes: number): Core {
  const pages = Math.max(PAGES_MIN, Math.ceil((WINDOW + windowBytes + WINDOW_SLACK) / PAGE_BYTES));
  const memory = new WebAssembly.Memory({ initial: pages, maximum: PAGES_MAX });
  compiled ??= new WebAssembly.Module(readCore());
  const { instance } = instantiateSync(compiled, { env: { memory } });
  return {
    exports: instance.exports as unknown as CoreExports,
    bytes: new Uint8Array(memory.buffer),
    view: new DataView(memory.buffer),
  };
}

let compiled: WebAssembly.Module | undefined;

/** The wasm file: the one beside the package, or the one that XENEFI_CORE names (a debug or coverage build). */
function readCore(): Uint8Array<ArrayBuffer> {
  const fs = process.getBuiltinModule("node:fs");
  return new Uint8Array(fs.readFileSync(process.env.XENEFI_CORE ?? new URL(import.meta.resolve("#core.wasm"))));
}
