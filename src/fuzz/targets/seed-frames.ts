import * as abi from "../../../assembly/abi/op.ts";
import { joined } from "../../bytes.ts";
import { GLOBAL_GUID, guidBytes } from "../../guid.ts";
import { writeRuntimeCall } from "../../op.ts";
import { FrameWriter } from "../../protocol/frame-writer.ts";
import * as layout from "../../protocol/layout.ts";
import { toUcs2 } from "../../ucs2.ts";

const OP = 0x5000n;
const NAME = 0x10000n;
const DATA = 0x20000n;
const GUID = "11111111-2222-3333-4444-555555555555";
const DATA_BYTES = 10;

/** Requests of every kind (docs/protocol.md, Control). */
const REQUESTS: readonly object[] = [
  { get: { name: "SetupMode", guid: "global" } },
  { set: { name: "A", guid: GUID, attr: "NV+BS+RT", data: "0102" } },
  { delete: { name: "A", guid: GUID } },
  { list: {} },
  { clock: { seconds: 1700000000, advance: 10 } },
  { platform: { privileged: false } },
  { reboot: {} },
  { inject: { fn: "get_variable", status: "DEVICE_ERROR", every: 2, name: "A" } },
  { inject: { data: "aabb", out: { size: "0x10", time: { month: 13 } }, poison: true, copyOut: { after: 1 } } },
  { remove: { rule: 1 } },
  { log: { on: true } },
  { reason: {} },
];

/** Streams of a HELLO and a few frames of each kind: calls that bring all they need, calls that do not, and requests. */
export const FRAME_SEEDS: readonly Uint8Array[] = [
  ...[abi.FN_GET_VARIABLE, abi.FN_SET_VARIABLE, abi.FN_GET_NEXT_VARIABLE_NAME].map((fn) =>
    joined([hello(), call(fn, true), call(fn, false), have(["Name\0"]), have(["Name\0", "0123456789"])]),
  ),
  ...[abi.FN_GET_TIME, abi.FN_SET_TIME, abi.FN_QUERY_VARIABLE_INFO, abi.FN_UPDATE_CAPSULE].map((fn) =>
    joined([hello(), call(fn, false)]),
  ),
  ...REQUESTS.map((request) =>
    joined([
      hello(),
      control(request),
      call(abi.FN_SET_VARIABLE, true),
      call(abi.FN_GET_VARIABLE, true),
      control({ log: {} }),
    ]),
  ),
];

function frame(type: number, fill: (writer: FrameWriter) => void): Uint8Array {
  const writer = new FrameWriter();
  writer.begin(type, 2);
  fill(writer);
  return writer.frame().slice();
}

function hello(): Uint8Array {
  return frame(layout.HELLO, (writer) => {
    writer.u32(layout.MAGIC);
    writer.u16(layout.VERSION);
    writer.u16(0);
    writer.u32(0x1000);
  });
}

/** A call of 10 bytes of data; `isWhole`: with its name and data beside it. */
function call(fn: number, isWhole: boolean): Uint8Array {
  return frame(layout.CALL, (writer) => {
    writer.u32(abi.HYPERCALL_PLATFORM_OP);
    writer.u16(abi.OP_BYTES);
    writer.u16(isWhole ? 2 : 0);
    writer.u64(OP);
    writer.bytes(opOf(fn));
    if (!isWhole) return;
    region(writer, NAME, toUcs2("Name\0"));
    region(writer, DATA, new Uint8Array(DATA_BYTES).fill(3));
  });
}

function region(writer: FrameWriter, address: bigint, given: Uint8Array): void {
  writer.u64(address);
  writer.u32(given.length);
  writer.u32(given.length);
  writer.bytes(given);
}

function opOf(fn: number): Uint8Array {
  const op = new Uint8Array(abi.OP_BYTES);
  const view = new DataView(op.buffer);
  writeRuntimeCall(view, 0, fn, fn === abi.FN_SET_VARIABLE ? 7 : 0);
  const isNext = fn === abi.FN_GET_NEXT_VARIABLE_NAME;
  view.setBigUint64(isNext ? abi.NATIVE_NEXT_NAME : abi.NATIVE_NAME, NAME, true);
  view.setBigUint64(isNext ? abi.NATIVE_NEXT_SIZE : abi.NATIVE_SIZE, BigInt(DATA_BYTES), true);
  if (!isNext) view.setBigUint64(abi.NATIVE_DATA, DATA, true);
  op.set(guidBytes(isNext ? GLOBAL_GUID : GUID), isNext ? abi.NATIVE_NEXT_GUID : abi.NATIVE_GUID);
  return op;
}

/** What a NEED asked for: texts in UCS-2. */
function have(texts: readonly string[]): Uint8Array {
  return frame(layout.HAVE, (writer) => {
    for (const text of texts) {
      const bytes = toUcs2(text).subarray(0, DATA_BYTES);
      writer.u32(bytes.length);
      writer.bytes(bytes);
    }
  });
}

function control(request: object): Uint8Array {
  return frame(layout.CTL, (writer) => writer.bytes(new TextEncoder().encode(JSON.stringify(request))));
}
