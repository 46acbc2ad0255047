import { FN_SET_VARIABLE } from "../../assembly/abi/op.ts";
import { guidBytes, type Machine, opLayout, writeRuntimeCall } from "../../src/index.ts";
import { toUcs2 } from "../../src/ucs2.ts";
import { calling, type Target } from "../batch.ts";
import type { Workload } from "../workload.ts";
import { MapPeer } from "./map.ts";
import { makeNaive } from "./naive.ts";
import { PlainPeer } from "./plain.ts";
import { TunedMapPeer } from "./tuned-map.ts";

/** Room behind the guest's memory for what the plain peer keeps there. */
const BEHIND_BYTES = 0x10000;

/**
 * What answers the ops in the core's place, each with the machine's variables and the workload's guest memory of its own:
 * only the 64-bit layout, only GetVariable and SetVariable.
 */
export async function makePeers(workload: Workload, machine: Machine): Promise<Target[]> {
  const variables = machine.variables();
  const { guest } = workload;
  const [forMap, forTuned] = [guest.slice(), guest.slice()];
  return [
    calling("Map", new MapPeer(variables, forMap), forMap),
    calling("Map tuned", new TunedMapPeer(variables, forTuned), forTuned),
    makePlain(machine, guest),
    await naive(workload, machine),
  ];
}

/** The plain peer, with the machine's variables and the GUIDs of its rules. */
export function makePlain(machine: Machine, guest: Uint8Array): Target {
  const memory = new Uint8Array(guest.length + BEHIND_BYTES);
  const ruled = new Set(machine.policy.definitions.map((definition) => definition.guid));
  const peer = new PlainPeer(machine.variables(), memory, guest.length, [...ruled]);
  memory.set(guest);
  return calling("plain JS", peer, memory);
}

/** bench/naive has its guest in its own memory, where its variables come from ops, too. */
async function naive({ guest }: Workload, machine: Machine): Promise<Target> {
  const instance = await makeNaive(guest.length);
  const bytes = instance.guest;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const layout = opLayout("x86_64");
  const [op, name, data] = [0x1000, 0x2000, 0x3000];
  for (const variable of machine.variables()) {
    writeRuntimeCall(view, op, FN_SET_VARIABLE, variable.attributes);
    view.setBigUint64(op + layout.name, BigInt(name), true);
    view.setBigUint64(op + layout.size, BigInt(variable.data.length), true);
    view.setBigUint64(op + layout.data, BigInt(data), true);
    bytes.set(guidBytes(variable.guid), op + layout.guid);
    bytes.set(toUcs2(`${variable.name}\0`), name);
    bytes.set(variable.data, data);
    instance.add(op);
  }
  bytes.set(guest);
  return calling("naive AS", { hypercall: instance.dispatch }, bytes);
}
