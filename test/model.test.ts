import fc from "fast-check";
import { expect, test } from "vitest";
import { Client, type Reply } from "../src/client.ts";
import { type Geometry, OVMF_4M } from "../src/formats/edk2-store.ts";
import { GLOBAL_GUID } from "../src/guid.ts";
import { Machine } from "../src/machine.ts";
import { POLICIES } from "../src/policies/index.ts";
import { NO_BOOT, type Policy } from "../src/policies/policy.ts";
import { VariableModel } from "./support/model.ts";

const RUNS = 250;
const COMMANDS = 480;
/** Calls that all runs together must make. */
const CALLS = 100_000;

const STORE_BYTES = 0x1800;
const LARGEST = 0x200;
const GEOMETRY: Geometry = { ...OVMF_4M, storeEnd: OVMF_4M.storeOffset + 28 + STORE_BYTES };
const OURS = "11111111-2222-3333-4444-555555555555";
const THEIRS = "11111111-2222-3333-4444-555555555556";
const NO_GUID = "00000000-0000-0000-0000-000000000000";

const policy: Policy = {
  ...(POLICIES["ovmf-4m"] as Policy),
  geometry: GEOMETRY,
  maxVariableBytes: LARGEST,
  maxAuthVariableBytes: LARGEST,
  boot: NO_BOOT,
};
const preload = [{ name: "VarErrorFlag", guid: "04b37fe8-f6ae-480b-bdd5-37d98c5e89aa", attributes: 7, data: "ff" }];

let calls = 0;
const seen = new Set<string>();

/** The status' name, counted. */
function told(reply: Reply): string {
  calls++;
  seen.add(reply.statusName);
  return reply.statusName;
}

/** What was called and why it was refused, for the message of a failing run. */
const context = (what: string, reply: Reply) => `${what}: ${reply.statusName} ${reply.reason}`;

type Command = fc.Command<VariableModel, Client>;

class SetVariable implements Command {
  constructor(
    readonly name: string,
    readonly guid: string,
    readonly attributes: number,
    readonly data: number[],
  ) {}
  check = () => true;
  run(model: VariableModel, dom0: Client): void {
    const reply = dom0.setVariable(this.name, this.guid, this.attributes, Uint8Array.from(this.data));
    expect(told(reply), context(String(this), reply)).toBe(
      model.set(this.name, this.guid, this.attributes, [...this.data]),
    );
  }
  toString = () =>
    `set(${JSON.stringify(this.name)}, ${this.guid.slice(-2)}, 0x${this.attributes.toString(16)}, ${this.data.length} bytes)`;
}

class GetVariable implements Command {
  constructor(
    readonly name: string,
    readonly guid: string,
    readonly slack: number,
  ) {}
  check = () => true;
  run(model: VariableModel, dom0: Client): void {
    const found = model.visible().find(({ name, guid }) => name === this.name && guid === this.guid);
    const size = Math.max(0, (found?.data.length ?? 3) + this.slack);
    const reply = dom0.getVariable(this.name, this.guid, size);
    const expected = found === undefined ? "NOT_FOUND" : size < found.data.length ? "BUFFER_TOO_SMALL" : "SUCCESS";
    expect(told(reply), context(String(this), reply)).toBe(expected);
    expect(reply.size).toBe(found?.data.length ?? size);
    expect(reply.attributes).toBe(found?.attributes ?? 0);
    expect(reply.data).toEqual(expected === "SUCCESS" ? Uint8Array.from(found?.data ?? []) : undefined);
  }
  toString = () => `get(${JSON.stringify(this.name)}, ${this.guid.slice(-2)}, ${this.slack})`;
}

class Walk implements Command {
  check = () => true;
  run(model: VariableModel, dom0: Client): void {
    const names = [...dom0.variableNames()].map(({ name, guid }) => `${name}-${guid}`);
    calls += names.length + 1;
    expect(names).toEqual(model.visible().map(({ name, guid }) => `${name}-${guid}`));
  }
  toString = () => "walk";
}

class NextFrom implements Command {
  constructor(
    readonly name: string,
    readonly guid: string,
    readonly size: number,
  ) {}
  check = () => true;
  run(model: VariableModel, dom0: Client): void {
    const reply = dom0.getNextVariableName(this.name, this.guid, this.size);
    const visible = model.visible();
    const at = visible.findIndex(({ name, guid }) => name === this.name && guid === this.guid);
    const next = visible[this.name === "" ? 0 : at + 1];
    const needed = 2 * ((next?.name.length ?? 0) + 1);
    const fits = 2 * (this.name.length + 1) <= this.size;
    const known = fits && (this.name === "" || at >= 0);
    const ending = next === undefined ? "NOT_FOUND" : needed > this.size ? "BUFFER_TOO_SMALL" : "SUCCESS";
    expect(told(reply), context(String(this), reply)).toBe(known ? ending : "INVALID_PARAMETER");
    expect(reply.name).toBe(known && ending === "SUCCESS" ? next?.name : undefined);
    expect(reply.size).toBe(known && next !== undefined ? needed : this.size);
  }
  toString = () => `next(${JSON.stringify(this.name)}, ${this.guid.slice(-2)}, ${this.size})`;
}

class Query implements Command {
  constructor(readonly bootSnapshot: boolean) {}
  check = () => true;
  run(model: VariableModel, dom0: Client): void {
    const reply = dom0.queryVariableInfo(7, this.bootSnapshot);
    expect(told(reply)).toBe("SUCCESS");
    const room = this.bootSnapshot ? model.bootRoom : model.room;
    expect([reply.maxStoreSize, reply.remainStoreSize]).toEqual([BigInt(STORE_BYTES), BigInt(room)]);
    expect(reply.maxSize).toBe(BigInt(room < 60 ? 0 : Math.min(LARGEST, room) - 60));
  }
  toString = () => `query(${this.bootSnapshot ? "snapshot" : "live"})`;
}

class Count implements Command {
  check = () => true;
  run(model: VariableModel, dom0: Client): void {
    const reply = dom0.getNextHighMonotonicCount();
    expect(told(reply), context("count", reply)).toBe(model.getNextHighMonotonicCount());
    expect(reply.high).toBe(model.count);
  }
  toString = () => "count";
}

class Reboot implements Command {
  check = () => true;
  run(model: VariableModel, dom0: Client): void {
    model.boot();
    dom0.machine.reboot();
  }
  toString = () => "reboot";
}

const name = fc.constantFrom("A", "a", "AB", "Long name with spaces", "\ud800", "\uffff", "MTC", "", "x".repeat(150));
const globalName = fc.constantFrom("BootOrder", "Timeout", "OsIndications", "HwErrRecSupport", "SecureBoot", "Unknown");
const variable = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name, fc.constantFrom(OURS, THEIRS)) },
  { weight: 2, arbitrary: fc.tuple(globalName, fc.constant(GLOBAL_GUID)) },
  { weight: 1, arbitrary: fc.constant(["VarErrorFlag", "04b37fe8-f6ae-480b-bdd5-37d98c5e89aa"] as [string, string]) },
  { weight: 1, arbitrary: fc.constant(["MTC", "eb704011-1402-11d3-8e77-00a0c969723b"] as [string, string]) },
);
const attributes = fc.oneof(
  { weight: 8, arbitrary: fc.constant(7) },
  { weight: 3, arbitrary: fc.constant(0x47) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xff }) },
  { weight: 1, arbitrary: fc.constantFrom(0x40, 0x80000007, 0x17, 0x100) },
);
const bytes = fc.integer({ min: 0, max: 3 });
const data = fc.oneof(
  { weight: 4, arbitrary: fc.array(bytes, { maxLength: 9 }) },
  { weight: 2, arbitrary: fc.array(bytes, { minLength: 150, maxLength: 400 }) },
  { weight: 1, arbitrary: fc.integer({ min: 440, max: 460 }).map((count) => new Array<number>(count).fill(1)) },
);

const commands = fc.commands(
  [
    fc.tuple(variable, attributes, data).map(([[n, guid], attr, value]) => new SetVariable(n, guid, attr, value)),
    fc.tuple(variable, attributes, data).map(([[n, guid], attr, value]) => new SetVariable(n, guid, attr, value)),
    fc.tuple(variable, fc.integer({ min: -2, max: 2 })).map(([[n, guid], slack]) => new GetVariable(n, guid, slack)),
    fc.constant(new Walk()),
    fc
      .tuple(
        fc.oneof(variable, fc.constant(["", NO_GUID] as [string, string])),
        fc.constantFrom(0, 1, 2, 3, 4, 8, 64, 1024),
      )
      .map(([[n, guid], size]) => new NextFrom(n, guid, size)),
    fc.boolean().map((snapshot) => new Query(snapshot)),
    fc.constant(new Count()),
    fc.constant(new Reboot()),
  ],
  { maxCommands: COMMANDS, size: "max" },
);

const seed = process.env.XENEFI_SEED === undefined ? 4 : Number(process.env.XENEFI_SEED);

test(`${CALLS} random calls are answered as the naive model answers them`, () => {
  fc.assert(
    fc.property(commands, (list) => {
      const setup = () => ({
        model: new VariableModel({ store: STORE_BYTES, largest: LARGEST }),
        real: new Client(new Machine({ policy, preload, windowBytes: 0x40000 })),
      });
      fc.modelRun(setup, list);
    }),
    { numRuns: RUNS, seed, verbose: fc.VerbosityLevel.None },
  );
  expect(calls).toBeGreaterThan(CALLS);
  expect([...seen].sort()).toEqual([
    "BUFFER_TOO_SMALL",
    "INVALID_PARAMETER",
    "NOT_FOUND",
    "OUT_OF_RESOURCES",
    "SECURITY_VIOLATION",
    "SUCCESS",
    "UNSUPPORTED",
    "WRITE_PROTECTED",
  ]);
});
