import { describe, expect, test } from "vitest";
import { BLOCK_BYTES, CAPSULE_HEADER_BYTES } from "../assembly/abi/capsule.ts";
import { NULL_GUARD_BYTES } from "../assembly/abi/layout.ts";
import { capsuleImage, EDK2_ARM_CAPSULES, EDK2_CAPSULES, OVMF_CAPSULES } from "../src/capsules.ts";
import { Client } from "../src/client.ts";
import { fixedMemory } from "../src/guest-memory.ts";
import { Machine, type MachineOptions } from "../src/machine.ts";
import { ABIS, type Abi } from "../src/op.ts";
import { Reason, reasonText } from "../src/status.ts";
import { layList, NAME_GUID, OTHER_GUID, P, Q, R, rawCapsule, UX_GUID, VENDOR_GUID } from "./support/capsules.ts";
import { HoledMemory } from "./support/holed-memory.ts";
import { Random } from "./support/random.ts";
import { traced } from "./support/trap.ts";

const MEBI = 1 << 20;
const LIST = 0x8000;
const ELSEWHERE = 0x9000;
const DATA = 0xa000;
const END = [0n, 0n] as const;
/** Small, so that loops end soon. */
const WINDOW_BYTES = 0x20000;

type Descriptor = readonly [bigint, bigint];

function machineOf(abi: Abi = "x86_64", options: MachineOptions = {}): Machine {
  return new Machine({ abi, capsules: EDK2_CAPSULES, windowBytes: WINDOW_BYTES, ...options });
}

/** Stores lists' addresses as UpdateCapsule or an operating system does. */
function leave(machine: Machine, ...addresses: (bigint | Uint8Array)[]): void {
  const dom0 = new Client(machine);
  for (const [i, address] of addresses.entries()) {
    let data = address as Uint8Array;
    if (typeof address === "bigint") {
      data = new Uint8Array(8);
      new DataView(data.buffer).setBigUint64(0, address, true);
    }
    expect(dom0.setVariable(`CapsuleUpdateData${i || ""}`, VENDOR_GUID, 7, data).ok).toBe(true);
  }
}

/** The same, then boots: what was found. */
function bootWith(machine: Machine, ...addresses: (bigint | Uint8Array)[]) {
  leave(machine, ...addresses);
  traced(() => machine.reboot());
  return machine.capsules;
}

function capsuleVariables(machine: Machine): string[] {
  return machine
    .variables()
    .filter(({ guid }) => guid === VENDOR_GUID)
    .map(({ name }) => name);
}

const image = capsuleImage(
  UX_GUID,
  P,
  Uint8Array.from({ length: 72 }, (_, i) => i),
);
const at = BigInt(DATA);
const whole: Descriptor = [100n, at];

describe.each(ABIS)("a list of %s is taken at boot", (abi) => {
  // MdeModulePkg/Universal/CapsulePei/Common/CapsuleCoalesce.c, ValidateCapsuleIntegrity.
  test.each<[string, Descriptor[], Descriptor[], (keyof typeof Reason)?]>([
    ["one block", [whole, END], []],
    ["two blocks, the first the header", [[28n, at], [72n, at + 28n], END], []],
    ["many blocks of a byte behind the header", [[28n, at], ...bytesFrom(28), END], []],
    ["a continuation at the start", [[0n, BigInt(ELSEWHERE)]], [whole, END]],
    [
      "a continuation within",
      [
        [50n, at],
        [0n, BigInt(ELSEWHERE)],
      ],
      [[50n, at + 50n], END],
    ],
    ["a continuation to the end", [whole, [0n, BigInt(ELSEWHERE)]], [END]],
    ["a continuation to itself but one", [[0n, BigInt(LIST + 16)], whole, END], []],
    ["a block twice", [whole, whole, END], []],
    ["nothing", [END], [], "EmptyCapsuleList"],
    ["continuations to nothing", [[0n, BigInt(ELSEWHERE)]], [END], "EmptyCapsuleList"],
    ["a header in two blocks", [[27n, at], [73n, at + 27n], END], [], "CapsuleHeaderSplit"],
    ["a block of no address", [[100n, 0n], END], [], "BlockNotMapped"],
    ["a block that ends beyond memory", [[100n, BigInt(WINDOW_BYTES - 99)], END], [], "BlockNotMapped"],
    ["a block beyond memory", [[100n, 0x7fff0000n], END], [], "BlockNotMapped"],
    ["a block above 2^32", [[100n, 0x100000000n + at], END], [], "BlockNotMapped"],
    ["a block at the top", [[100n, 0xffffffffffffff9cn], END], [], "BlockNotMapped"],
    ["a length of 2^32 more", [[0x100000064n, at], END], [], "BlockNotMapped"],
    ["a length that wraps the address", [[0xffffffffffffffffn, at], END], [], "BlockNotMapped"],
    ["lengths that wrap together", [whole, [0xffffffffffffff9cn, at], END], [], "BlockNotMapped"],
    ["a block that goes beyond its capsule", [[101n, at], END], [], "BlockBeyondCapsule"],
    ["a last block that does", [[50n, at], [51n, at], END], [], "BlockBeyondCapsule"],
    ["a capsule that lacks a byte", [[99n, at], END], [], "CapsuleIncomplete"],
    ["a second capsule that lacks a byte", [whole, [99n, at], END], [], "CapsuleIncomplete"],
    ["no end, but nothing where one ought to be", [whole, [0n, 0x10n]], [], "DescriptorNotMapped"],
    ["a continuation to nowhere", [[0n, 0x7fff0000n]], [], "DescriptorNotMapped"],
    ["a continuation above 2^32", [[0n, 0x100000000n + BigInt(ELSEWHERE)]], [whole, END], "DescriptorNotMapped"],
    ["a continuation to the top", [[0n, 0xfffffffffffffff8n]], [], "DescriptorNotMapped"],
    ["a continuation to the last 8 bytes", [[0n, BigInt(WINDOW_BYTES - 8)]], [], "DescriptorNotMapped"],
    ["a continuation to itself", [[0n, BigInt(LIST)]], [], "CapsuleListLoops"],
    ["a continuation back to it", [[0n, BigInt(ELSEWHERE)]], [[0n, BigInt(LIST)]], "CapsuleListLoops"],
    ["a capsule, then a continuation to itself", [whole, [0n, BigInt(LIST + 16)]], [], "CapsuleListLoops"],
    ["a capsule without end", [whole, [0n, BigInt(LIST)]], [], "CapsuleListLoops"],
  ])("%s", (_, list, elsewhere, reason) => {
    const machine = machineOf(abi);
    machine.memory.set(image, DATA);
    layList(machine.view, LIST, list);
    layList(machine.view, ELSEWHERE, elsewhere);
    const [result, ...others] = bootWith(machine, BigInt(LIST));
    expect(others).toEqual([]);
    expect(result?.reason).toBe(reason === undefined ? "" : reasonText(Reason[reason]));
    const failure = reason === "CapsuleListLoops" ? "ABORTED" : "NOT_FOUND";
    expect(result).toMatchObject({ variable: "CapsuleUpdateData", address: BigInt(LIST) });
    expect(result?.status).toBe(reason === undefined ? "SUCCESS" : failure);
    const capsules = list.filter((descriptor) => descriptor === whole).length || 1;
    const taken = { guid: UX_GUID, flags: P, headerBytes: 28, image };
    expect(result?.capsules).toEqual(reason === undefined ? Array(capsules).fill(taken) : []);
    expect(capsuleVariables(machine), "the variable is gone").toEqual([]);
    machine.reboot();
    expect(machine.capsules, "and found once").toEqual([]);
  });
});

/** A block a byte from that offset on. */
function bytesFrom(offset: number): Descriptor[] {
  return Array.from({ length: 100 - offset }, (_, i) => [1n, at + BigInt(offset + i)] as const);
}

describe("a capsule in a list", () => {
  test.each<[string, Uint8Array, (keyof typeof Reason)?]>([
    ["with any GUID and flags is taken", capsuleImage(OTHER_GUID, P | Q | R | 0xff)],
    ["with a header as large as its image is taken", rawCapsule({ headerBytes: 40 }, new Uint8Array(12))],
    ["with a header larger than its image", rawCapsule({ headerBytes: 41 }, new Uint8Array(12)), "CapsuleHeaderSize"],
    ["without P", capsuleImage(UX_GUID, 0), "CapsuleNotPersistent"],
    ["with Q, without P", capsuleImage(UX_GUID, Q), "CapsuleNotPersistent"],
    ["with R, without P", capsuleImage(UX_GUID, R), "CapsuleNotPersistent"],
    ["of no bytes", rawCapsule({ headerBytes: 0, imageBytes: 0 }), "BlockBeyondCapsule"],
    ["of 27 bytes", rawCapsule({ headerBytes: 0, imageBytes: 27 }), "BlockBeyondCapsule"],
    ["of 4 GiB", rawCapsule({ imageBytes: 0xffffffff }), "CapsuleIncomplete"],
  ])("%s", (_, capsule, reason) => {
    const machine = machineOf();
    machine.memory.set(capsule, DATA);
    layList(machine.view, LIST, [[BigInt(capsule.length), at], END]);
    const [result] = bootWith(machine, BigInt(LIST));
    expect(result?.reason).toBe(reason === undefined ? "" : reasonText(Reason[reason]));
    expect(result?.capsules.map((taken) => taken.image)).toEqual(reason === undefined ? [capsule] : []);
  });

  test("is a copy of what memory held at boot", () => {
    const machine = machineOf();
    machine.memory.set(image, DATA);
    layList(machine.view, LIST, [whole, END]);
    bootWith(machine, BigInt(LIST));
    machine.memory.fill(0xff, DATA);
    expect(machine.capsules[0]?.capsules[0]?.image).toEqual(image);
  });
});

describe("where a list lies", () => {
  test.each([1, 2, 4, 7])("%i beside a multiple of 8 it is refused, unless it is the end alone", (shift) => {
    const machine = machineOf();
    machine.memory.set(image, DATA);
    layList(machine.view, LIST + shift, [whole, END]);
    expect(bootWith(machine, BigInt(LIST + shift))[0]?.reason).toBe(reasonText(Reason.DescriptorMisaligned));
    layList(machine.view, LIST, [whole, [0n, BigInt(ELSEWHERE + shift)]]);
    layList(machine.view, ELSEWHERE + shift, [END]);
    expect(bootWith(machine, BigInt(LIST))[0]?.status).toBe("SUCCESS");
  });

  test("8 beside a multiple of 16 it is taken", () => {
    const machine = machineOf();
    machine.memory.set(image, DATA);
    layList(machine.view, LIST + 8, [whole, END]);
    expect(bootWith(machine, BigInt(LIST + 8))[0]?.status).toBe("SUCCESS");
  });

  test.each([0x10n, 0xff8n, BigInt(WINDOW_BYTES), BigInt(WINDOW_BYTES - 8), 0xffffffffn, 0xfffffffffffffff0n])(
    "at %s there is no memory",
    (address) => {
      expect(bootWith(machineOf(), address)[0]?.reason).toBe(reasonText(Reason.DescriptorNotMapped));
    },
  );

  test("every byte of descriptors and blocks counts, and none behind them", () => {
    const list: Descriptor[] = [[28n, at], [72n, at + 0x100n], END];
    const spans = [
      [LIST, 3 * BLOCK_BYTES, Reason.DescriptorNotMapped],
      [DATA, CAPSULE_HEADER_BYTES, Reason.BlockNotMapped],
      [DATA + 0x100, 72, Reason.BlockNotMapped],
    ] as const;
    const machine = machineOf();
    machine.memory.set(image.subarray(0, 28), DATA);
    machine.memory.set(image.subarray(28), DATA + 0x100);
    layList(machine.view, LIST, list);
    for (const [start, bytes, reason] of spans) {
      for (let missing = start; missing < start + bytes; missing++) {
        machine.map();
        machine.unmap(missing, missing + 1);
        expect(bootWith(machine, BigInt(LIST))[0]?.reason, `0x${missing.toString(16)}`).toBe(reasonText(reason));
      }
      machine.map();
      machine.unmap(start - 1, start);
      machine.unmap(start + bytes, start + bytes + 1);
      machine.protect(start, start + bytes);
      expect(bootWith(machine, BigInt(LIST))[0]?.capsules[0]?.image).toEqual(image);
    }
  });
});

describe("several lists", () => {
  /** Four lists: two good, a bad one, one that loops. */
  function lists(machine: Machine): [good: bigint, other: bigint, bad: bigint, loop: bigint] {
    machine.memory.set(image, DATA);
    layList(machine.view, LIST, [whole, END]);
    layList(machine.view, LIST + 0x100, [whole, whole, END]);
    layList(machine.view, LIST + 0x200, [[99n, at], END]);
    layList(machine.view, LIST + 0x300, [[0n, BigInt(LIST + 0x300)]]);
    return [0, 0x100, 0x200, 0x300].map((offset) => BigInt(LIST + offset)) as [bigint, bigint, bigint, bigint];
  }

  /** Each list's variable, status and number of capsules. */
  function told(machine: Machine): string[] {
    return machine.capsules.map(({ variable, status, capsules }) => `${variable} ${status} ${capsules.length}`);
  }

  test("a bad one is passed over", () => {
    const machine = machineOf();
    const [good, other, bad] = lists(machine);
    bootWith(machine, bad, good, bad, other);
    expect(told(machine)).toEqual([
      "CapsuleUpdateData NOT_FOUND 0",
      "CapsuleUpdateData1 SUCCESS 1",
      "CapsuleUpdateData3 SUCCESS 2",
    ]);
    expect(capsuleVariables(machine)).toEqual([]);
  });

  test("one that loops stops the firmware: none is taken", () => {
    const machine = machineOf();
    const [good, other, , loop] = lists(machine);
    bootWith(machine, good, loop, other);
    expect(told(machine)).toEqual(["CapsuleUpdateData SUCCESS 0", "CapsuleUpdateData1 ABORTED 0"]);
    expect(capsuleVariables(machine)).toEqual([]);
  });

  test("an address counts once", () => {
    const machine = machineOf();
    const [good, other] = lists(machine);
    bootWith(machine, good, other, good, other, good);
    expect(told(machine)).toEqual(["CapsuleUpdateData SUCCESS 1", "CapsuleUpdateData1 SUCCESS 2"]);
  });

  test("address 0 ends them", () => {
    const machine = machineOf();
    const [good] = lists(machine);
    bootWith(machine, 0n, good);
    expect([told(machine), capsuleVariables(machine)]).toEqual([[], []]);
  });

  test("a number that is missing ends them, and what comes behind stays", () => {
    const machine = machineOf();
    const [good, other] = lists(machine);
    const dom0 = new Client(machine);
    dom0.setVariable("CapsuleUpdateData2", VENDOR_GUID, 7, new Uint8Array(8).fill(1));
    bootWith(machine, good, other);
    dom0.setVariable("CapsuleUpdateData4", VENDOR_GUID, 7, new Uint8Array(8).fill(1));
    machine.reboot();
    expect([told(machine), capsuleVariables(machine)]).toEqual([[], ["CapsuleUpdateData4"]]);
  });

  // PEI's GetVariable takes the size of the variable before as the room for the next, and fills the same 8 bytes.
  test("a variable of more than 8 bytes ends them, one of fewer keeps the rest of the one before", () => {
    const machine = machineOf();
    const [good, other] = lists(machine);
    bootWith(machine, new Uint8Array(9).fill(1), good);
    expect([told(machine), capsuleVariables(machine)]).toEqual([[], []]);
    bootWith(machine, good, Uint8Array.of(0, 0x81), other);
    expect(told(machine)).toEqual(["CapsuleUpdateData SUCCESS 1", "CapsuleUpdateData1 SUCCESS 2"]);
    expect(machine.capsules[1]?.address).toBe(other);
  });

  test("a variable with other attributes is read, and cannot be deleted", () => {
    const machine = machineOf("x86_64", {
      preload: [{ name: "CapsuleUpdateData", guid: VENDOR_GUID, attributes: 3, data: "0080000000000000" }],
    });
    lists(machine);
    for (let boot = 0; boot < 2; boot++) {
      machine.reboot();
      expect(told(machine)).toEqual(["CapsuleUpdateData SUCCESS 1"]);
    }
  });
});

describe("memory has to hold all capsules once more", () => {
  const block = BigInt(WINDOW_BYTES - NULL_GUARD_BYTES) / 2n;

  /** A machine whose list names the same bytes `times` times, as capsules of half its memory each. */
  function machineWith(times: number): Machine {
    const machine = machineOf();
    const header = rawCapsule({ imageBytes: Number(block) });
    machine.memory.set(header, DATA);
    layList(machine.view, LIST, [...Array(times).fill([block, at]), END]);
    return machine;
  }

  test.each([
    [1, "SUCCESS", ""],
    [2, "SUCCESS", ""],
    [3, "BUFFER_TOO_SMALL", reasonText(Reason.CapsulesTooLarge)],
    [200, "BUFFER_TOO_SMALL", reasonText(Reason.CapsulesTooLarge)],
  ])("a list of %i halves", (times, status, reason) => {
    const machine = machineWith(times);
    const [result] = bootWith(machine, BigInt(LIST));
    expect(result).toMatchObject({ status, reason });
    expect(result?.capsules.length).toBe(status === "SUCCESS" ? times : 0);
  });

  test("a block of a guest with memory of its own is too large if the firmware has no room for it", () => {
    const guestMemory = fixedMemory(new ArrayBuffer(72 * MEBI));
    const machine = new Machine({ capsules: EDK2_CAPSULES, guestMemory });
    machine.memory.set(rawCapsule({ imageBytes: 70 * MEBI }), MEBI);
    layList(machine.view, LIST, [[BigInt(70 * MEBI), BigInt(MEBI)], END]);
    const [result] = bootWith(machine, BigInt(LIST));
    expect(result).toMatchObject({ status: "BUFFER_TOO_SMALL", reason: reasonText(Reason.CapsulesTooLarge) });
  });

  test("an error in the list comes before", () => {
    const machine = machineWith(200);
    layList(machine.view, LIST + 200 * BLOCK_BYTES, [[1n, at], END]);
    expect(bootWith(machine, BigInt(LIST))[0]?.reason).toBe(reasonText(Reason.CapsuleHeaderSplit));
  });

  test("lists count together, bad ones do not; then none is taken", () => {
    const machine = machineWith(2);
    layList(machine.view, ELSEWHERE, [[block, at], [block, at], [1n, at], END]);
    layList(machine.view, ELSEWHERE + 0x100, [[block, at], END]);
    bootWith(machine, BigInt(ELSEWHERE), BigInt(LIST), BigInt(ELSEWHERE + 0x100));
    expect(machine.capsules.map(({ status, capsules }) => [status, capsules.length])).toEqual([
      ["NOT_FOUND", 0],
      ["SUCCESS", 0],
      ["BUFFER_TOO_SMALL", 0],
    ]);
  });
});

describe("a walk ends", () => {
  test("a list may fill memory", () => {
    const machine = machineOf();
    leave(machine, 0xb000n);
    const count = (WINDOW_BYTES - 0xb000) / BLOCK_BYTES - 1;
    const capsule = rawCapsule({ imageBytes: 28 + count - 1 });
    machine.memory.set(capsule, DATA);
    const blocks: Descriptor[] = [[28n, at], ...Array(count - 1).fill([1n, at])];
    layList(machine.view, 0xb000, [...blocks, END]);
    machine.reboot();
    const [result] = machine.capsules;
    expect([result?.status, result?.capsules[0]?.image.length]).toEqual(["SUCCESS", 28 + count - 1]);
  });

  test("on the largest window, with as many lists as the store takes, in a moment", () => {
    const machine = machineOf("x86_64", { windowBytes: 0x3c00000 });
    const dom0 = new Client(machine);
    const { view } = machine;
    // One circle through all of memory, entered at every variable's own place.
    const first = 0x100000;
    const last = machine.memory.length - BLOCK_BYTES;
    for (let place = first; place <= last; place += BLOCK_BYTES) {
      view.setBigUint64(place, 0n, true);
      view.setBigUint64(place + 8, BigInt(place === last ? first : place + BLOCK_BYTES), true);
    }
    let stored = 0;
    const data = new Uint8Array(8);
    for (; stored < 5000; stored++) {
      new DataView(data.buffer).setBigUint64(0, BigInt(first + stored * BLOCK_BYTES), true);
      if (!dom0.setVariable(`CapsuleUpdateData${stored || ""}`, VENDOR_GUID, 7, data).ok) break;
    }
    expect(stored).toBeGreaterThan(1000);
    const begun = performance.now();
    machine.reboot();
    expect(machine.capsules.map(({ status }) => status)).toEqual(["ABORTED"]);
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect(capsuleVariables(machine)).toEqual([]);
  });
});

describe("which firmware looks", () => {
  test.each([
    ["xen", 0, 1],
    [EDK2_CAPSULES, 1, 0],
    [EDK2_ARM_CAPSULES, 1, 0],
    [OVMF_CAPSULES, 0, 1],
  ] as const)("%#", (capsules, found, left) => {
    const machine = machineOf("x86_64", { capsules });
    machine.memory.set(image, DATA);
    layList(machine.view, LIST, [whole, END]);
    expect(bootWith(machine, BigInt(LIST))).toHaveLength(found);
    expect(capsuleVariables(machine)).toHaveLength(left);
  });

  test("an interrupted boot finds them, and the one after it where the variable is left", () => {
    const machine = machineOf();
    machine.memory.set(image, DATA);
    layList(machine.view, LIST, [whole, END]);
    bootWith(machine, BigInt(LIST));
    const dom0 = new Client(machine);
    dom0.setVariable("CapsuleUpdateData", VENDOR_GUID, 7, Uint8Array.of(0, 0x80, 0, 0, 0, 0, 0, 0));
    machine.rebootInterrupted(0);
    expect(machine.capsules).toHaveLength(1);
    machine.reboot();
    expect(machine.capsules).toHaveLength(1);
    machine.reboot();
    expect(machine.capsules).toHaveLength(0);
  });
});

/** What the fuzzer's lists lie in, and lead into. */
const FIELD = 0x4000;
const FIELD_END = 0x7000;

/** Descriptors of which most are nearly right. */
class ListMaker {
  readonly #machine: Machine;
  readonly #random: Random;

  constructor(machine: Machine, random: Random) {
    this.#machine = machine;
    this.#random = random;
  }

  /** Fills the field with noise, capsules and lists, one of them at each address that lies there. */
  lay(addresses: readonly bigint[]): void {
    const { view, memory } = this.#machine;
    const random = this.#random;
    for (let place = FIELD; place < FIELD_END; place += 4)
      view.setUint32(place, random.oneIn(2) ? 0 : random.u32(), true);
    const capsules = Array.from({ length: 20 }, (): Descriptor => {
      const bytes = random.below(80);
      const behind = new Uint8Array(bytes);
      const flags = random.oneIn(20) ? 0 : P;
      const place = this.#place();
      memory.set(rawCapsule({ guid: NAME_GUID, flags, imageBytes: 28 + bytes }, behind), place);
      return [BigInt(28 + bytes), BigInt(place)];
    });
    const lists = [...addresses, ...Array.from({ length: 10 }, () => this.address())];
    for (const list of lists) {
      if (list < FIELD || list >= FIELD_END) continue;
      const count = random.below(6);
      layList(view, Number(list), [...Array.from({ length: count }, () => this.#descriptor(capsules, lists)), END]);
    }
  }

  address(): bigint {
    const random = this.#random;
    const edges = [0n, 8n, 0xff8n, BigInt(WINDOW_BYTES - 16), 0xfffffff8n, 0x100004000n, 0xfffffffffffffff8n];
    if (random.oneIn(12)) return random.pick(edges);
    return BigInt(this.#place() + (random.oneIn(30) ? random.below(8) : 0));
  }

  #descriptor(capsules: readonly Descriptor[], lists: readonly bigint[]): Descriptor {
    const random = this.#random;
    const [length, address] = random.pick(capsules);
    switch (random.below(12)) {
      case 0:
        return END;
      case 1:
      case 2:
        return [0n, random.oneIn(4) ? this.address() : random.pick(lists)];
      case 3:
        return [random.pick([1n, 27n, 28n, length - 1n, length + 1n, 0xffffffffffffffffn, 1n << 32n]), address];
      case 4:
        return [length, this.address()];
      default:
        return [length, address];
    }
  }

  #place(): number {
    return FIELD + (this.#random.below(FIELD_END - FIELD - 0x100) & ~7);
  }
}

const seed = Number(process.env.XENEFI_SEED ?? 20241123);
const BOOTS = 600;

test.each(ABIS)(`${BOOTS} boots of %s over random lists never trap, hang, or change memory`, (abi) => {
  const random = new Random(seed + ABIS.indexOf(abi));
  const machine = machineOf(abi);
  // What a boot finds does not depend on where guest memory lies.
  const foreign = new HoledMemory(WINDOW_BYTES);
  const twin = new Machine({ abi, capsules: EDK2_CAPSULES, guestMemory: foreign });
  const maker = new ListMaker(machine, random);
  const [start, twinStart] = [machine.snapshot(), twin.snapshot()];
  const statuses = new Map<string, number>();
  for (let boot = 0; boot < BOOTS; boot++) {
    machine.restore(start);
    twin.restore(twinStart);
    for (const memory of [machine, foreign]) memory.map();
    const addresses = Array.from({ length: 1 + random.below(4) }, () => maker.address());
    for (const each of [machine, twin]) leave(each, ...addresses);
    maker.lay(addresses);
    if (random.oneIn(4)) {
      const [from, to] = hole(random);
      for (const memory of [machine, foreign]) memory.unmap(from, to);
    }
    const before = machine.memory.slice();
    traced(() => machine.reboot());
    expect(Buffer.compare(before, machine.memory), `boot ${boot}`).toBe(0);
    twin.memory.set(before);
    traced(() => twin.reboot());
    expect(twin.capsules, `boot ${boot}`).toEqual(machine.capsules);
    for (const { status, capsules } of machine.capsules) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      for (const { flags, image: taken } of capsules) {
        expect([flags & P, new DataView(taken.buffer).getUint32(24, true)]).toEqual([P, taken.length]);
      }
    }
    expect(capsuleVariables(machine)).toEqual([]);
  }
  // The lists are hostile, but not hopeless.
  for (const status of ["SUCCESS", "NOT_FOUND", "ABORTED"]) expect(statuses.get(status), status).toBeGreaterThan(5);
});

function hole(random: Random): [number, number] {
  const start = FIELD + random.below(FIELD_END - FIELD);
  return [start, start + 1 + random.below(100)];
}
