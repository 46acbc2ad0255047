import { expect, test } from "vitest";
import { differenceText } from "../src/cli/difference.ts";
import { nodeVerifier } from "../src/crypto/node-verifier.ts";
import type { Rule } from "../src/faults/rule.ts";
import { sha256 } from "../src/files/bytes.ts";
import { findStartStore } from "../src/files/start-store.ts";
import type { Machine } from "../src/machine.ts";
import { ServedMachine } from "../src/protocol/served-machine.ts";
import { Session } from "../src/protocol/session.ts";
import { replay, startMachine } from "../src/trace/index.ts";
import { fixturePath, readTrace, type TraceFolder, traceNames } from "./support/fixtures.ts";
import { type OwnMemory, ServeClient } from "./support/serve-client.ts";

/** What of the played machine is the client's own: its memory. All else is the served machine's. */
const OWN = ["memory", "view", "unmap", "protect", "map", "mappedBytes"];

/** The memory of a machine that makes no calls itself. */
function memoryOf(machine: Machine): OwnMemory {
  const room = (address: bigint, length: number) =>
    address > 0xffffffffn ? 0 : Math.min(length, machine.mappedBytes(Number(address)));
  return {
    read: (address, length) => {
      const count = room(address, length);
      return count === 0 ? new Uint8Array(0) : machine.memory.slice(Number(address), Number(address) + count);
    },
    write: (address, bytes) => {
      const count = room(address, bytes.length);
      if (count > 0) machine.memory.set(bytes.subarray(0, count), Number(address));
      return count;
    },
  };
}

/** A machine whose memory is the client's, and whose calls are made through frames. */
function wired(front: Machine, served: ServedMachine): { machine: Machine; client: ServeClient } {
  const session = new Session(() => served);
  const client = new ServeClient((frame) => session.receive(frame), memoryOf(front));
  client.hello(front.abi);
  const own: Record<string, unknown> = {
    hypercall: (op: number) => client.hypercall(BigInt(op)),
    inject: (rule: Rule) => {
      const number = served.inject(rule);
      return { [Symbol.dispose]: () => served.remove(number) };
    },
  };
  const machine = new Proxy(front, {
    get(_, name: string) {
      if (Object.hasOwn(own, name)) return own[name];
      const owner = OWN.includes(name) ? front : served.machine;
      const value = Reflect.get(owner, name, owner);
      return typeof value === "function" ? value.bind(owner) : value;
    },
  });
  return { machine, client };
}

const stories = (["traces", "conformance", "scenarios"] as const)
  .flatMap((folder) => traceNames(folder).map((name) => [folder, name] as const))
  .filter(([folder, name]) => !passesCapsules(folder, name));

/** Such a Xen is not served. */
function passesCapsules(folder: TraceFolder, name: string): boolean {
  return (readTrace(folder, name).header.assume as { capsules?: object } | undefined)?.capsules !== undefined;
}

test.each(stories)(
  "%s/%s replays through frames without a difference, by a client that knows no layout",
  (...story) => {
    const [folder, name] = story;
    const trace = readTrace(folder, name);
    const store = findStartStore(trace.header, fixturePath(`${folder}/${name}`));
    const start = startMachine(trace, store, nodeVerifier);
    const served = new ServedMachine((memory) => startMachine(trace, store, nodeVerifier, memory).machine);
    const { machine } = wired(start.machine, served);
    const result = replay(trace, { ...start, machine });
    expect(result.differences.map(differenceText)).toEqual([]);
    expect(result.fields).toBeGreaterThan(15);
    if (folder === "traces") expect(sha256(served.machine.flash())).toBe(trace.header.vars_after_sha256);
  },
);
