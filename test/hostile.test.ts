import { expect, test } from "vitest";
import { CAPSULES, POLICY, RULES, STAGE, STATE, STATE_BYTES, WINDOW } from "../assembly/abi/layout.ts";
import * as abi from "../assembly/abi/op.ts";
import { type CapsuleMode, EDK2_CAPSULES } from "../src/capsules.ts";
import { Client } from "../src/client.ts";
import type { Verifier } from "../src/crypto/verifier.ts";
import { GLOBAL_GUID, guidBytes } from "../src/guid.ts";
import { toHex } from "../src/hex.ts";
import { Machine } from "../src/machine.ts";
import { ABIS, type Abi, type OpLayout, opLayout, pointerBytes, setLong } from "../src/op.ts";
import { POLICIES } from "../src/policies/index.ts";
import type { Policy } from "../src/policies/policy.ts";
import { errnoName } from "../src/status.ts";
import { FMP_GUID, fmpPayload, OTHER_GUID, P, Q, R, rawCapsule, UX_GUID } from "./support/capsules.ts";
import { HoledMemory } from "./support/holed-memory.ts";
import { Random } from "./support/random.ts";
import { signatureList, withDescriptor } from "./support/signer.ts";
import { traced } from "./support/trap.ts";
import { APPEND, AT, GUID, guidOf } from "./support/writer.ts";

const OPS_AN_ABI = 250_000;
const OPS_A_POLICY = 25_000;
const WRITES_OF_KEYS = 4_000;
/** Sizes that break careless walks over lists. */
const LIST_EDGES = [0, 1, 15, 16, 17, 27, 28, 29, 0x7fffffff, 0x80000000, 0xffffffe4, 0xffffffff];
const X509_GUID = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072";
const SHA256_GUID = "c1c41626-504c-4092-aca9-41f936934328";
/** What a bare SignedData with SHA-256 has at its start, behind the outer tag and length. */
const BARE_SHA256 = [0, 0, 2, 1, 1, 0x31, 0x0f, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0];
const CAPSULE_OPS_AN_ABI = 50_000;
/** Two pages of guest memory above the one that is never mapped. */
const WINDOW_BYTES = 0x3000;
const FIRST = 0x1000;
const EFAULT = 14;
const NAMES = [
  "A",
  "Boot0000",
  "BootOrder",
  "PlatformLang",
  "Lang",
  "MTC",
  "RTC",
  "RTCALARM",
  "VarErrorFlag",
  "PK",
  "db",
  "x".repeat(40),
];
const GUIDS = [GLOBAL_GUID, "11111111-2222-3333-4444-555555555555", "378d7b65-8da9-4773-b6e4-a47826a833e1"].map(
  guidBytes,
);

/** Sizes and addresses that break careless arithmetic. */
const EDGES = [
  0n,
  1n,
  2n,
  3n,
  0xfffn,
  0x1000n,
  0x1001n,
  0x2000n,
  0x2fffn,
  0x3000n,
  0x3001n,
  0x7fffffffn,
  0x80000000n,
  0xfffffffen,
  0xffffffffn,
  0x100000000n,
  0x100001000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0xffffffffffffefffn,
  0xffffffffffffffffn,
];

/** Op addresses at which fewer than 136 bytes are mapped. */
const BAD_OPS = [
  0,
  1,
  0xfff,
  WINDOW_BYTES - 135,
  WINDOW_BYTES - 1,
  WINDOW_BYTES,
  0x7fffffff,
  0x80000000,
  0xfffffffe,
  0xffffffff,
];

/** Names the op in a trap's message. */
function named<T>(call: () => T, described: () => string): T {
  try {
    return traced(call);
  } catch (error) {
    (error as Error).message += `: ${described()}`;
    throw error;
  }
}

/**
 * One hostile guest: random ops over random memory. Each is made on two machines: one with a window, and its twin, whose
 * guest memory is foreign.
 */
class Guest {
  readonly machine: Machine;
  readonly twin: Machine;
  readonly #twinMemory = new HoledMemory(WINDOW_BYTES);
  readonly random: Random;
  readonly #layout: OpLayout;
  readonly #before: Uint8Array;
  #holes: { start: number; end: number; readable: boolean }[] = [];

  constructor(abiName: Abi, seed: number, policy: Policy, capsules: CapsuleMode = "xen") {
    const options = { abi: abiName, policy, verifier: CREDULOUS, capsules };
    this.machine = new Machine({ ...options, windowBytes: WINDOW_BYTES });
    this.twin = new Machine({ ...options, guestMemory: this.#twinMemory });
    this.random = new Random(seed);
    this.#layout = opLayout(abiName);
    this.#before = new Uint8Array(WINDOW_BYTES);
    this.#fillMemory();
  }

  /** Makes one random call and checks what it did to guest memory. */
  step(turn: number): void {
    const { random, machine } = this;
    if (turn % 500 === 0) this.#makeHoles();
    if (turn % 50 === 0) this.#fillMemory();
    const op = this.#layOp();
    this.#before.set(machine.memory);
    const bytes = machine.memory.subarray(op, op + abi.OP_BYTES);
    const described = () => `${machine.abi} turn ${turn}, op at 0x${op.toString(16)}: ${toHex(bytes)}`;
    const address = random.oneIn(40) ? random.pick(BAD_OPS) : op;
    const ret = named(() => machine.hypercall(address), described);
    this.#checkTwin(address, ret, described);
    if (ret > 0 || (ret < 0 && errnoName(ret) === String(ret))) throw new Error(`result ${ret}: ${described()}`);
    this.#checkMemory(op, ret, described);
  }

  /** Both boot over the same memory, where capsules may lie. */
  reboot(described: () => string): void {
    const { machine, twin } = this;
    twin.memory.set(machine.memory);
    for (const each of [machine, twin]) named(() => each.reboot(), described);
    expect(twin.capsules, described()).toEqual(machine.capsules);
    expect(Buffer.compare(twin.flash(), machine.flash()), described()).toBe(0);
  }

  #pointer(): bigint {
    const { random } = this;
    if (random.oneIn(4)) return random.pick(EDGES);
    const hole = random.pick(this.#holes);
    if (hole !== undefined && random.oneIn(4))
      return BigInt(Math.max(0, random.pick([hole.start, hole.end]) - random.below(12)));
    return BigInt(FIRST + random.below(WINDOW_BYTES - FIRST));
  }

  #size(): bigint {
    const { random } = this;
    return random.oneIn(6) ? random.pick(EDGES) : BigInt(random.oneIn(3) ? random.below(4000) : random.below(24));
  }

  /** A name in guest memory: mostly a proper one, sometimes whatever lies there. */
  #namePointer(): bigint {
    const at = this.#pointer();
    if (this.random.oneIn(4) || at + 100n > BigInt(WINDOW_BYTES) || at < BigInt(FIRST)) return at;
    const name = this.random.pick(NAMES);
    for (let i = 0; i <= name.length; i++)
      this.machine.view.setUint16(Number(at) + 2 * i, name.charCodeAt(i) || 0, true);
    return at;
  }

  #layOp(): number {
    const { random, machine } = this;
    const { view, memory } = machine;
    const layout = this.#layout;
    const op = FIRST + random.below(WINDOW_BYTES - FIRST - abi.OP_BYTES);
    for (let i = 0; i < abi.OP_BYTES; i += 4) view.setUint32(op + i, random.u32(), true);
    if (!random.oneIn(50)) view.setUint32(op + abi.OP_INTERFACE_VERSION, abi.INTERFACE_VERSION, true);
    const isInfo = random.oneIn(10);
    if (!random.oneIn(50))
      view.setUint32(op + abi.OP_CMD, isInfo ? abi.CMD_FIRMWARE_INFO : abi.CMD_EFI_RUNTIME_CALL, true);
    if (isInfo) {
      view.setUint32(op + abi.INFO_TYPE, random.oneIn(5) ? random.below(8) : abi.FW_EFI_INFO, true);
      view.setUint32(op + abi.INFO_INDEX, random.below(9), true);
      setLong(view, layout, op + abi.INFO_VENDOR_NAME, this.#pointer());
      return op;
    }
    const fn = random.below(13);
    view.setUint32(op + abi.OP_FUNCTION, fn, true);
    if (!random.oneIn(20))
      view.setUint32(
        op + abi.OP_MISC,
        fn === abi.FN_SET_VARIABLE ? random.pick([7, 7, 7, 0x47, 0, 0x27, 6]) : random.below(2),
        true,
      );
    if (fn === abi.FN_GET_VARIABLE || fn === abi.FN_SET_VARIABLE) {
      setLong(view, layout, op + layout.name, this.#namePointer());
      setLong(view, layout, op + layout.size, this.#size());
      setLong(view, layout, op + layout.data, this.#pointer());
      memory.set(random.pick(GUIDS), op + layout.guid);
    } else if (fn === abi.FN_GET_NEXT_VARIABLE_NAME) {
      setLong(view, layout, op + layout.nextSize, this.#size());
      setLong(view, layout, op + layout.nextName, this.#namePointer());
      memory.set(random.pick(GUIDS), op + layout.nextGuid);
    } else if (fn <= abi.FN_SET_WAKEUP_TIME && !random.oneIn(3)) {
      const time = [
        0xe8,
        0x07,
        1 + random.below(13),
        random.below(33),
        random.below(25),
        random.below(61),
        random.below(61),
        0,
      ];
      memory.set([...time, 0, 0, 0, 0, random.below(256), random.below(8), random.below(5), 0], op + layout.time);
    } else if (fn === abi.FN_QUERY_CAPSULE_CAPABILITIES || fn === abi.FN_UPDATE_CAPSULE) {
      this.#layCapsules(op);
    } else if (fn === abi.FN_QUERY_VARIABLE_INFO) {
      view.setUint32(op + layout.queryAttr, random.below(256), true);
    }
    return op;
  }

  /** An array of pointers to a few capsules, most of them proper. */
  #layCapsules(op: number): void {
    const { random, machine } = this;
    const { view, memory } = machine;
    const layout = this.#layout;
    const width = pointerBytes(machine.abi);
    const count = random.below(4);
    const array = FIRST + random.below(WINDOW_BYTES - FIRST - 4 * width);
    for (let i = 0; i < count; i++) {
      const behind = fmpPayload({
        drivers: random.below(3),
        payloads: random.oneIn(9) ? 0 : 1,
        excess: random.oneIn(9) ? 1 : 0,
      });
      const flags = random.pick([P, P, P, P | Q, Q, 0, random.oneIn(3) ? P | R : P]);
      const imageBytes = random.oneIn(8) ? Number(random.pick(EDGES) & 0xffffffffn) : undefined;
      const guid = random.pick([FMP_GUID, FMP_GUID, UX_GUID, OTHER_GUID]);
      const capsule = rawCapsule({ guid, flags, ...(imageBytes === undefined ? {} : { imageBytes }) }, behind);
      const place = BigInt(FIRST + random.below(WINDOW_BYTES - FIRST - capsule.length));
      memory.set(capsule, Number(place));
      const pointer = random.oneIn(12) ? this.#pointer() : place;
      if (width === 4) view.setUint32(array + 4 * i, Number(pointer & 0xffffffffn), true);
      else view.setBigUint64(array + 8 * i, pointer, true);
    }
    setLong(view, layout, op + layout.capsuleHeaders, random.oneIn(12) ? this.#pointer() : BigInt(array));
    setLong(view, layout, op + layout.capsuleCount, random.oneIn(12) ? this.#size() : BigInt(count));
    view.setBigUint64(op + layout.sgList, this.#pointer(), true);
  }

  /** The same bytes, the same answer, the same bytes: window or foreign memory. */
  #checkTwin(address: number, ret: number, described: () => string): void {
    const { machine, twin } = this;
    twin.memory.set(this.#before);
    const twinRet = named(() => twin.hypercall(address), described);
    if (twinRet !== ret || twin.reason !== machine.reason) {
      throw new Error(`${errnoName(ret)} ${machine.reason}, twin ${errnoName(twinRet)} ${twin.reason}: ${described()}`);
    }
    if (!same(machine.memory, twin.memory, 0, WINDOW_BYTES)) throw new Error(`the twin's memory: ${described()}`);
  }

  /** Nothing changes but the op's body and the buffer that it names; unmapped and read-only bytes never do. */
  #checkMemory(op: number, ret: number, described: () => string): void {
    const { memory, view } = this.machine;
    const before = this.#before;
    for (const { start, end } of this.#holes) {
      if (!same(memory, before, start, end))
        throw new Error(`a hole from 0x${start.toString(16)} was written: ${described()}`);
    }
    const old = new DataView(before.buffer);
    const layout = this.#layout;
    const long = (offset: number) =>
      layout.longBytes === 4 ? BigInt(old.getUint32(op + offset, true)) : old.getBigUint64(op + offset, true);
    const cmd = old.getUint32(op + abi.OP_CMD, true);
    const fn = cmd === abi.CMD_EFI_RUNTIME_CALL ? old.getUint32(op + abi.OP_FUNCTION, true) : -1;
    const mayWrite = ret === 0 || ret === -EFAULT;
    // Bytes that the call may have changed are put back; then nothing may differ.
    if (mayWrite)
      memory.set(before.subarray(op + abi.OP_BODY, op + abi.OP_BODY + abi.NATIVE_CALL_BYTES), op + abi.OP_BODY);
    if (mayWrite && fn === abi.FN_GET_VARIABLE) this.#putBack(long(layout.data), long(layout.size));
    if (mayWrite && fn === abi.FN_GET_NEXT_VARIABLE_NAME) this.#putBack(long(layout.nextName), long(layout.nextSize));
    if (mayWrite && cmd === abi.CMD_FIRMWARE_INFO)
      this.#putBack(long(abi.INFO_VENDOR_NAME), BigInt(view.getUint32(op + abi.INFO_VENDOR_BUFSZ, true)));
    if (!same(memory, before, 0, WINDOW_BYTES)) {
      const at = memory.findIndex((byte, i) => byte !== before[i]);
      throw new Error(`byte 0x${at.toString(16)} was written though ${errnoName(ret)}: ${described()}`);
    }
  }

  #putBack(start: bigint, size: bigint): void {
    if (start >= BigInt(WINDOW_BYTES)) return;
    const end = start + size > BigInt(WINDOW_BYTES) ? WINDOW_BYTES : Number(start + size);
    this.machine.memory.set(this.#before.subarray(Number(start), end), Number(start));
  }

  #fillMemory(): void {
    const { view } = this.machine;
    const letters = this.random.oneIn(2);
    for (let at = FIRST; at < WINDOW_BYTES; at += 4) view.setUint32(at, letters ? 0x00410042 : this.random.u32(), true);
    for (let i = 0; i < 100; i++) view.setUint16(FIRST + this.random.below(WINDOW_BYTES - FIRST - 2), 0, true);
  }

  #makeHoles(): void {
    this.machine.map();
    this.#twinMemory.map();
    this.#holes = [];
    for (let count = this.random.below(5); count > 0; count--) {
      const start = FIRST + this.random.below(WINDOW_BYTES - FIRST);
      const end = Math.min(WINDOW_BYTES, start + 1 + this.random.below(300));
      if (this.#holes.some((hole) => start < hole.end && end > hole.start)) continue;
      const readable = this.random.oneIn(2);
      for (const memory of [this.machine, this.#twinMemory]) {
        if (readable) memory.protect(start, end);
        else memory.unmap(start, end);
      }
      this.#holes.push({ start, end, readable });
    }
  }
}

function same(a: Uint8Array, b: Uint8Array, start: number, end: number): boolean {
  return (
    Buffer.compare(
      Buffer.from(a.buffer, a.byteOffset + start, end - start),
      Buffer.from(b.buffer, b.byteOffset + start, end - start),
    ) === 0
  );
}

const seed = Number(process.env.XENEFI_SEED ?? 20241123);

/** Believes every signature, so that what lies behind the check is reached. */
const CREDULOUS: Verifier = {
  verify: (_, __, certificate) => ({ signer: certificate ?? new Uint8Array(4), digest: new Uint8Array(32) }),
  hasRsaKey: (certificate) => certificate.length > 0,
};

/**
 * Makes so many random calls and looks at the core's memory behind them: below the state, from the policy to the index but
 * for the op's copy and the capsules' block, behind the window nothing may change. Gives how often Dom0 was started again.
 */
function attack(guest: Guest, ops: number): number {
  const { machine, twin } = guest;
  const whole = new Uint8Array(machine.memory.buffer);
  const constant = () => [
    whole.slice(0, STATE),
    whole.slice(POLICY, POLICY + 0x1000),
    whole.slice(0x4000, machine.capsuleFirmware === undefined ? RULES : CAPSULES),
    whole.slice(RULES, 0x20000),
    whole.slice(WINDOW + WINDOW_BYTES),
  ];
  const before = constant();
  const start = machine.snapshot();
  const twinStart = twin.snapshot();
  let boots = 0;
  for (let turn = 0; turn < ops; turn++) {
    // The holes' table is the machine's, not the snapshot's: they are made anew after it.
    if (turn % 25_000 === 0) {
      machine.restore(start);
      twin.restore(twinStart);
    }
    guest.step(turn);
    if (machine.shutdown === undefined) continue;
    const described = () => `${machine.abi} turn ${turn}, reboot`;
    guest.reboot(described);
    boots++;
  }
  for (const [i, bytes] of constant().entries())
    expect(Buffer.compare(bytes, before[i] as Uint8Array), `block ${i}`).toBe(0);
  expect(machine.memory.buffer.byteLength).toBe(whole.length);
  expect(Buffer.compare(twin.flash(), machine.flash())).toBe(0);
  // The machine still works.
  machine.map();
  machine.restore(start);
  return boots;
}

test.each(ABIS)(`${OPS_AN_ABI} random ops of %s never trap, hang or touch other memory`, (abiName) => {
  const guest = new Guest(abiName, seed + ABIS.indexOf(abiName), POLICIES["ovmf-4m"] as Policy);
  attack(guest, OPS_AN_ABI);
  expect(guest.machine.variable("BootOrder", GLOBAL_GUID)?.data.length).toBe(6);
});

test.each(ABIS)(`neither do ${CAPSULE_OPS_AN_ABI} of %s where capsules are passed on`, (abiName) => {
  const policy = POLICIES["ovmf-4m"] as Policy;
  const boots = attack(
    new Guest(abiName, seed + 10 + ABIS.indexOf(abiName), policy, EDK2_CAPSULES),
    CAPSULE_OPS_AN_ABI,
  );
  // Calls with INITIATE_RESET were among those that succeeded.
  expect(boots).toBeGreaterThan(3);
});

test.each(Object.values(POLICIES))(
  `${OPS_A_POLICY} random ops on $name never trap, hang or touch other memory`,
  (policy) => {
    const guest = new Guest(seed % 2 === 0 ? "x86_64" : "arm32", seed, policy);
    attack(guest, OPS_A_POLICY);
    expect(guest.machine.variable("SetupMode", GLOBAL_GUID)?.data).toEqual(Uint8Array.of(1));
  },
);

/** Signature lists with fields at their edges, or what only looks like some. */
function hostileLists(random: Random): Uint8Array {
  const lists = Array.from({ length: random.below(4) }, () => {
    const count = random.below(4);
    const dataBytes = random.pick([0, 1, 20, 32, 33, 300]);
    const data = Array.from({ length: count }, () => new Uint8Array(dataBytes).fill(random.below(3)));
    const list = signatureList(random.pick([X509_GUID, SHA256_GUID, GUID]), data);
    const view = new DataView(list.buffer);
    if (random.oneIn(2)) view.setUint32(random.pick([16, 20, 24]), random.pick(LIST_EDGES), true);
    return list;
  });
  const bytes = Uint8Array.from(Buffer.concat(lists));
  return random.oneIn(4) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
}

test.each(Object.values(POLICIES))(`${WRITES_OF_KEYS} writes of crafted keys on $name never trap or hang`, (policy) => {
  const random = new Random(seed);
  const dom0 = new Client(new Machine({ policy, verifier: CREDULOUS }));
  const start = dom0.machine.snapshot();
  const seen = new Set<string>();
  for (let turn = 0; turn < WRITES_OF_KEYS; turn++) {
    if (turn % 200 === 0) dom0.machine.restore(start);
    const name = random.pick(["PK", "KEK", "db", "dbx", "Private"]);
    const stamp = new Uint8Array(16).fill(turn % 7, 0, 2);
    const signature = Uint8Array.from([0x30, 0x82, ...BARE_SHA256]);
    const data = withDescriptor(stamp, signature, hostileLists(random));
    const write = () => dom0.setVariable(name, guidOf(name), random.pick([AT, APPEND]), data);
    seen.add(named(write, () => `turn ${turn}, ${name}, ${toHex(data)}`).statusName);
    dom0.getVariable(name, guidOf(name));
  }
  expect(seen.size).toBeGreaterThan(policy.name === "uboot" ? 0 : 2);
});

test("the blocks that are watched are where the memory map says", () => {
  expect([STATE + STATE_BYTES <= POLICY, STAGE < WINDOW]).toEqual([true, true]);
  expect(new Client(new Machine()).getTime().ok).toBe(true);
});
