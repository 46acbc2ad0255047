import { describe, expect, test } from "vitest";
import * as abi from "../assembly/abi/op.ts";
import { guidBytes } from "../src/guid.ts";
import { Machine } from "../src/machine.ts";
import { writeRuntimeCall } from "../src/op.ts";
import { FrameError } from "../src/protocol/frame-error.ts";
import { FrameReader } from "../src/protocol/frame-reader.ts";
import * as layout from "../src/protocol/layout.ts";
import { ServedMachine } from "../src/protocol/served-machine.ts";
import { Session } from "../src/protocol/session.ts";
import { toUcs2 } from "../src/ucs2.ts";
import { Random } from "./support/random.ts";
import { callFrame, controlFrame, frame, helloFrame, ServeClient, textOf, viewOf } from "./support/serve-client.ts";

const GUID = "11111111-2222-3333-4444-555555555555";
const NAME = 0x10000n;
const DATA = 0x20000n;

function sessionOf(): Session {
  const served = new ServedMachine((guestMemory) => new Machine({ guestMemory, allocationLimit: 0x100000n }));
  return new Session((abiName) => {
    if (abiName === "arm32") throw new RangeError("x86_64, not arm32");
    return served;
  });
}

function greeted(): Session {
  const session = sessionOf();
  session.receive(helloFrame());
  return session;
}

function opOf(fn: number, size = 10): Uint8Array {
  const op = new Uint8Array(abi.OP_BYTES);
  const view = viewOf(op);
  writeRuntimeCall(view, 0, fn, fn === abi.FN_SET_VARIABLE ? 7 : 0);
  const isNext = fn === abi.FN_GET_NEXT_VARIABLE_NAME;
  view.setBigUint64(isNext ? abi.NATIVE_NEXT_NAME : abi.NATIVE_NAME, NAME, true);
  view.setBigUint64(isNext ? abi.NATIVE_NEXT_SIZE : abi.NATIVE_SIZE, BigInt(size), true);
  if (!isNext) view.setBigUint64(abi.NATIVE_DATA, DATA, true);
  op.set(guidBytes(GUID), isNext ? abi.NATIVE_NEXT_GUID : abi.NATIVE_GUID);
  return op;
}

/** A sound call that brings all it needs. */
function soundCall(fn: number): Uint8Array {
  return callFrame(0x5000n, opOf(fn), [
    { address: NAME, length: 10, given: toUcs2("Name\0") },
    { address: DATA, length: 10, given: new Uint8Array(10).fill(3) },
  ]);
}

/** The frame with an integer changed. */
function changed(sent: Uint8Array, bytes: 1 | 2 | 4 | 8, at: number, value: number | bigint): Uint8Array {
  const copy = sent.slice();
  const view = viewOf(copy);
  if (bytes === 1) view.setUint8(at, Number(value));
  else if (bytes === 2) view.setUint16(at, Number(value), true);
  else if (bytes === 4) view.setUint32(at, Number(value), true);
  else view.setBigUint64(at, BigInt(value), true);
  return copy;
}

/** The frame with bytes added or cut off, and a head that says so. */
function resized(sent: Uint8Array, bytes: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy.set(sent.subarray(0, bytes));
  return changed(copy, 4, layout.LENGTH, bytes);
}

const call = soundCall(abi.FN_GET_VARIABLE);
const region = layout.CALL_OP + abi.OP_BYTES;
const second = region + layout.REGION_BYTES + 10;

describe("a frame that is wrong", () => {
  test.each([
    ["flags", changed(call, 1, layout.FLAGS, 1), layout.FLAGS, /flags 0, not 1$/],
    [
      "an unknown type",
      changed(call, 1, layout.TYPE, 99),
      layout.TYPE,
      /a CALL \(2\), HAVE \(4\) or CTL \(6\), not 99$/,
    ],
    ["a type that is the server's", changed(call, 1, layout.TYPE, layout.RESULT), layout.TYPE, /not 5$/],
    ["a second HELLO", helloFrame(), layout.TYPE, /one HELLO, not a second$/],
    ["a HAVE that nobody asked for", frame(layout.HAVE, 2), layout.TYPE, /a HAVE after a NEED only$/],
    ["a CALL without its head", frame(layout.CALL, 2), layout.LENGTH, /at least 24 bytes, not 8$/],
    ["an op that is too long", changed(call, 2, layout.CALL_OP_BYTES, 137), layout.CALL_OP_BYTES, /at most 136 bytes/],
    ["an op that is not there", resized(call, 30), layout.CALL_OP_BYTES, /at least 160 bytes, not 30$/],
    ["an op beyond 2^64", changed(call, 8, layout.CALL_OP_ADDRESS, -135n), layout.CALL_OP_ADDRESS, /below 2\^64/],
    ["17 regions", changed(call, 2, layout.CALL_REGIONS, 17), layout.CALL_REGIONS, /at most 16 regions, not 17$/],
    [
      "a region that is not there",
      changed(call, 2, layout.CALL_REGIONS, 3),
      second + 26,
      /at least \d+ bytes, not \d+$/,
    ],
    ["a region beyond 2^64", changed(call, 8, region, -9n), region, /10 bytes below 2\^64, not at 0xfffffffffffffff7$/],
    ["more given than there is", changed(call, 4, region + 8, 9), region + 12, /at most 9 bytes given, not 10$/],
    [
      "a count that lies",
      changed(changed(call, 4, second + 8, 0xfffffff0), 4, second + 12, 0xfffffff0),
      second + 12,
      /at least \d+ bytes, not \d+$/,
    ],
    ["bytes behind its end", resized(call, call.length + 1), layout.LENGTH, /a frame of \d+ bytes, not \d+$/],
    ["a CTL that is no UTF-8", frame(layout.CTL, 2, (w) => w.u8(0xff)), layout.HEAD_BYTES, /UTF-8$/],
  ])("%s is answered by an ERROR with offset and expectation, and the next one is served", (_, sent, offset, text) => {
    const session = greeted();
    const reply = session.receive(sent).slice();
    expect(reply[layout.TYPE]).toBe(layout.ERROR);
    expect(viewOf(reply).getUint32(layout.ERROR_OFFSET, true)).toBe(offset);
    expect(textOf(reply, layout.ERROR_TEXT)).toMatch(text);
    expect(textOf(reply, layout.ERROR_TEXT)).toMatch(new RegExp(`^offset 0x${offset.toString(16)}: `));
    expect(reply.subarray(layout.TAG, layout.HEAD_BYTES)).toEqual(sent.subarray(layout.TAG, layout.HEAD_BYTES));
    expect(session.receive(call)[layout.TYPE]).toBe(layout.RESULT);
  });

  test.each([
    ["before the HELLO", call, layout.TYPE, /a HELLO \(1\) first, not 2$/],
    ["without the magic", changed(helloFrame(), 1, 8, 0), layout.HELLO_MAGIC, /"XEFI", not 0x/],
    [
      "of another version",
      changed(helloFrame(), 2, layout.HELLO_VERSION, 2),
      layout.HELLO_VERSION,
      /version 1, not 2$/,
    ],
    ["of no ABI", changed(helloFrame(), 1, layout.HELLO_ABI, 5), layout.HELLO_ABI, /an ABI from 0 to 4, not 5$/],
    ["of an ABI that is not served", helloFrame("arm32"), layout.HELLO_ABI, /x86_64, not arm32$/],
    ["with a byte that is not 0", changed(helloFrame(), 1, layout.HELLO_ZERO, 1), layout.HELLO_ZERO, /0, not 1$/],
    ["of another length", resized(helloFrame(), 21), layout.LENGTH, /a frame of 20 bytes, not 21$/],
  ])("%s leaves the client ungreeted", (_, sent, offset, text) => {
    const session = sessionOf();
    const reply = session.receive(sent).slice();
    expect([reply[layout.TYPE], viewOf(reply).getUint32(layout.ERROR_OFFSET, true)]).toEqual([layout.ERROR, offset]);
    expect(textOf(reply, layout.ERROR_TEXT)).toMatch(text);
    expect(session.receive(call)[layout.TYPE]).toBe(layout.ERROR);
    expect(session.receive(helloFrame("x86_64"))[layout.TYPE]).toBe(layout.HELLO);
  });

  test.each([
    ["another tag", 9, [64], layout.TAG, /the NEED's tag 2, not 9$/],
    ["more than was asked for", 2, [65], layout.HAVE_FIRST, /at most the 64 bytes that were asked for, not 65$/],
    ["bytes that are not there", 2, [64, 0], layout.HAVE_FIRST, /at least 76 bytes, not 12$/],
    ["nothing", 2, [], layout.HAVE_FIRST, /at least 12 bytes, not 8$/],
  ])("a HAVE with %s leaves the question open", (_, tag, counts, offset, text) => {
    const session = greeted();
    expect(session.receive(callFrame(0x5000n, opOf(abi.FN_GET_VARIABLE)))[layout.TYPE]).toBe(layout.NEED);
    const wrong = frame(layout.HAVE, tag, (writer) => {
      for (const count of counts.slice(0, 1)) writer.u32(count);
      if (counts.length === 1) writer.bytes(new Uint8Array(counts[0] as number));
    });
    const reply = session.receive(wrong).slice();
    expect([reply[layout.TYPE], viewOf(reply).getUint32(layout.ERROR_OFFSET, true)]).toEqual([layout.ERROR, offset]);
    expect(textOf(reply, layout.ERROR_TEXT)).toMatch(text);
    const right = frame(layout.HAVE, 2, (writer) => {
      writer.u32(10);
      writer.bytes(toUcs2("Name\0"));
    });
    expect(session.receive(right)[layout.TYPE]).toBe(layout.RESULT);
  });

  test("a name without end is given up at 1 MiB", () => {
    const session = greeted();
    const op = opOf(abi.FN_GET_VARIABLE);
    const endless = {
      read: (at: bigint, length: number) => (at === 0x5000n ? op : new Uint8Array(length).fill(0x41)),
      write: (_: bigint, bytes: Uint8Array) => bytes.length,
    };
    const caller = new ServeClient((sent) => session.receive(sent), endless);
    expect(() => caller.hypercall(0x5000n)).toThrow(/^offset 0x18: a name of at most 1048576 bytes$/);
    expect(caller.asked.length).toBeLessThan(300);
    expect(caller.asked.flat().reduce((sum, { length }) => sum + length, 0)).toBe(0x100000);
  });
});

describe("a stream", () => {
  test.each([0, 7, layout.FRAME_BYTES_MAX + 1, 0xffffffff])("with a frame of %i bytes has no next frame", (length) => {
    const reader = new FrameReader();
    reader.push(changed(call, 4, layout.LENGTH, length));
    expect(() => reader.next()).toThrow(/^offset 0x0: a frame of 8 to 4194304 bytes, not \d+$/);
  });

  test.each([1, 7, 8, 100])("that ends after %i bytes of a frame is told where", (bytes) => {
    const reader = new FrameReader();
    reader.push(call);
    reader.push(call.subarray(0, bytes));
    expect(reader.next()).toEqual(call);
    expect(reader.next()).toBeUndefined();
    const wanted = bytes < 8 ? 8 : call.length;
    expect(() => reader.end()).toThrow(`offset 0x${bytes.toString(16)}: a frame of ${wanted} bytes, not the end`);
  });

  test("gives the same frames however it is cut, and holds one frame", () => {
    const random = new Random(5);
    const sent = Array.from({ length: 300 }, (_, i) =>
      frame(layout.CTL, i, (writer) => writer.bytes(new Uint8Array(random.oneIn(50) ? 200_000 : random.below(300)))),
    );
    const reader = new FrameReader();
    const got: Uint8Array[] = [];
    const stream = Buffer.concat(sent);
    for (let at = 0; at < stream.length; ) {
      const part = stream.subarray(at, at + 1 + random.below(70_000));
      reader.push(part);
      for (let next = reader.next(); next !== undefined; next = reader.next()) got.push(next.slice());
      at += part.length;
    }
    expect(
      got.map((each) => Buffer.compare(each, sent[viewOf(each).getUint16(layout.TAG, true)] as Uint8Array)),
    ).toEqual(sent.map(() => 0));
    reader.end();
    expect(reader.room().length).toBeLessThan(0x100000);
  });

  test("of largest frames is held in twice as much", () => {
    const reader = new FrameReader();
    const largest = resized(call, layout.FRAME_BYTES_MAX);
    for (let i = 0; i < 3; i++) {
      reader.push(largest);
      expect(reader.next()?.length).toBe(layout.FRAME_BYTES_MAX);
    }
    expect(reader.room().length).toBeLessThanOrEqual(2 * layout.FRAME_BYTES_MAX);
  });
});

test("100 000 frames of nobody's making are each answered by one sound frame", () => {
  const random = new Random(2026);
  const session = greeted();
  const sound = [
    ...[abi.FN_GET_VARIABLE, abi.FN_SET_VARIABLE, abi.FN_GET_NEXT_VARIABLE_NAME, 1, 9, 11].map(soundCall),
    callFrame(0x5000n, opOf(abi.FN_SET_VARIABLE)),
    callFrame(0x5000n, opOf(abi.FN_GET_VARIABLE, 0xffffffff)),
    controlFrame({ get: { name: "Name", guid: GUID } }),
    controlFrame({ clock: { advance: 1 } }),
    controlFrame({ inject: { fn: "get_time", status: 7, nth: 1 } }),
    controlFrame({ remove: { rule: 1 } }),
    frame(layout.HAVE, 2, (writer) => {
      writer.u32(10);
      writer.bytes(toUcs2("Name\0"));
      writer.u32(10);
      writer.bytes(new Uint8Array(10));
    }),
    helloFrame(),
  ];
  const seen = new Map<number, number>();
  for (let i = 0; i < 100_000; i++) {
    const sent = mutated(random, random.pick(sound));
    const reply = session.receive(sent);
    const type = reply[layout.TYPE] as number;
    seen.set(type, (seen.get(type) ?? 0) + 1);
    if (viewOf(reply).getUint32(layout.LENGTH, true) !== reply.length)
      throw new Error(`frame ${i}: a length that lies`);
    if (type !== layout.ERROR) continue;
    const offset = viewOf(reply).getUint32(layout.ERROR_OFFSET, true);
    if (offset > sent.length) throw new Error(`frame ${i}: offset ${offset} of ${sent.length}`);
  }
  expect([...seen.keys()].sort()).toEqual([layout.NEED, layout.RESULT, layout.REPLY, layout.ERROR]);
  for (const count of seen.values()) expect(count).toBeGreaterThan(1000);
  expect(session.receive(call)[layout.TYPE]).toBe(layout.RESULT);
});

/** The frame with some bytes changed, cut, or drawn out; its length is right, as a reader's frames have it. */
function mutated(random: Random, sent: Uint8Array): Uint8Array {
  const copy = sent.slice();
  for (let times = random.below(4); times > 0; times--) {
    const at = layout.TYPE + random.below(copy.length - layout.TYPE);
    copy[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
  }
  if (!random.oneIn(8)) return copy;
  return resized(copy, layout.HEAD_BYTES + random.below(copy.length + 20));
}

test("a FrameError is a format's error, with offset and expectation", () => {
  expect(new FrameError(16, "x").message).toBe("offset 0x10: x");
});
