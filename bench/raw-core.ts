import { STATE_WINDOW_BYTES, WINDOW } from "../assembly/abi/layout.ts";
import { makeCore } from "../src/core.ts";
import type { Machine } from "../src/index.ts";
import { restoreCore } from "../src/snapshot.ts";
import type { Target } from "./batch.ts";
import { GUEST_BYTES } from "./workload.ts";

/** The bare export of a core of its own, in the machine's state, over such guest memory. */
export function rawCore(name: string, machine: Machine, guest: Uint8Array): Target {
  const core = makeCore(GUEST_BYTES);
  const { exports, bytes, view } = core;
  restoreCore(core, machine.volume.geometry.volumeBytes, machine.snapshot());
  view.setUint32(STATE_WINDOW_BYTES, GUEST_BYTES, true);
  bytes.set(guest, WINDOW);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + WINDOW, guest.length >> 2);
  return { name, call: "callee(o, 0)", callee: exports.dispatch, words };
}
