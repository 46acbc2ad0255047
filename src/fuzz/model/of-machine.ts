import { logEnd, logStart, readLog } from "../../formats/edk2-log.ts";
import type { Variable } from "../../formats/variable-set.ts";
import { GLOBAL_GUID } from "../../guid.ts";
import type { Machine } from "../../machine.ts";
import type { FirmwareFacts } from "../../platform.ts";
import { ovmf4m } from "../../policies/ovmf.ts";
import { Q35_FACTS } from "../../policies/q35-facts.ts";
import { toUcs2 } from "../../ucs2.ts";
import { NV } from "./attributes.ts";
import type { Numbers } from "./numbers.ts";
import { ReferenceModel } from "./reference-model.ts";
import type { Limits, ModelStart } from "./start.ts";
import { recordBytes } from "./store.ts";

const STORE_HEADER_BYTES = 28;
const MTC_GUID = "eb704011-1402-11d3-8e77-00a0c969723b";
const RTC_GUID = "378d7b65-8da9-4773-b6e4-a47826a833e1";

/** What a machine does not tell, where it is not as usual. */
export interface Untold {
  /** What the machine's firmware_info reports; default the captured machine's. */
  facts?: FirmwareFacts;
  /** Largest buffer that its hypervisor allocates, in bytes; default 2^32 - 1. */
  allocationLimit?: number;
  /** What its firmware holds in memory, in place of what its variables say: where boot services have written MTC or RTC. */
  numbers?: Partial<Numbers>;
}

/**
 * The model of a machine that has just booted, has no verifier, and has answered no call. Throws a RangeError for one whose
 * firmware is not OVMF 2022.11, sizes and boot aside, or whose hypervisor does not answer.
 */
export function modelOf(machine: Machine, untold: Untold = {}): ReferenceModel {
  checkKind(machine);
  return new ReferenceModel(startOf(machine, untold));
}

function checkKind({ policy, platform, capsuleFirmware }: Machine): void {
  const rules = ["flags", "setAttributes", "queryAttributes", "statuses", "definitions", "order", "entries"] as const;
  const other = rules.find((rule) => policy[rule] !== ovmf4m[rule]);
  if (other !== undefined) throw new RangeError(`policy: ${other} of ovmf-4m, not of ${policy.name}`);
  if (policy.errorStorageBytes + policy.maxUserBytes + policy.bootReservedBytes !== 0) {
    throw new RangeError("policy: a store without reserved parts");
  }
  if (policy.variablePolicies.some(({ lock }) => lock !== "now")) throw new RangeError("policy: locks and no others");
  const { interfaceMatches, efiBoot, runtimeServices, privileged, platformOps } = platform;
  if (!(interfaceMatches && efiBoot && runtimeServices && privileged && platformOps)) {
    throw new RangeError("platform: a hypervisor that answers a control domain");
  }
  if (capsuleFirmware !== undefined) throw new RangeError("capsules: left to Xen");
}

function startOf(machine: Machine, untold: Untold): ModelStart {
  const variables = machine.variables();
  const isStored = ({ attributes }: Variable) => (attributes & NV) !== 0;
  const { policy } = machine;
  const volatile = variables.filter((variable) => !isStored(variable));
  return {
    abi: machine.abi,
    variables,
    volatileBytes: bytesOf(volatile) + policy.boot.hiddenVolatileBytes,
    liveBytes: bytesOf(variables.filter(isStored)),
    limits: limitsOf(machine, untold.allocationLimit ?? 0xffffffff),
    numbers: { ...numbersOf(machine, variables), ...untold.numbers },
    locked: [...namesLocked(machine), ...recoveryOptions(machine)],
    facts: untold.facts ?? Q35_FACTS,
  };
}

function bytesOf(variables: readonly Variable[]): number {
  return variables.reduce((sum, { name, data }) => sum + recordBytes(toUcs2(`${name}\0`).length, data.length), 0);
}

function limitsOf({ policy, volume }: Machine, allocation: number): Limits {
  const { geometry } = volume;
  return {
    storeBytes: geometry.storeEnd - geometry.storeOffset - STORE_HEADER_BYTES,
    volatileStoreBytes: policy.volatileStoreBytes - STORE_HEADER_BYTES,
    maxVariable: policy.maxVariableBytes,
    maxAuth: policy.maxAuthVariableBytes,
    maxVolatile: policy.maxVolatileVariableBytes,
    maxErrorRecord: policy.maxErrorRecordBytes,
    allocation,
    minimalYear: policy.minimalYear,
    resolution: policy.clockResolutionHz,
    accuracy: policy.clockAccuracy,
  };
}

/** The firmware's own numbers rest on variables: the log's end, MTC, and the zone as the clock's driver read it. */
function numbersOf(machine: Machine, variables: readonly Variable[]): Partial<Numbers> {
  const { volume } = machine;
  const dataOf = (name: string, guid: string, bytes: number) => {
    const data = variables.find((variable) => variable.name === name && variable.guid === guid)?.data;
    return data?.length === bytes ? new DataView(data.buffer, data.byteOffset, bytes) : undefined;
  };
  const zone = dataOf("RTC", RTC_GUID, 4);
  return {
    usedBytes: logEnd(readLog(machine.flash(), volume), volume.geometry) - logStart(volume.geometry),
    count: dataOf("MTC", MTC_GUID, 4)?.getUint32(0, true) ?? 0,
    clockSeconds: machine.clock.seconds,
    ...(zone && { zone: zone.getInt16(0, true), daylight: zone.getUint8(2) }),
  };
}

function namesLocked({ policy }: Machine) {
  return policy.variablePolicies;
}

function recoveryOptions({ policy }: Machine) {
  const made = policy.boot.volatile.filter(({ name }) => name.startsWith("PlatformRecovery"));
  return made.map(({ name }) => ({ name, guid: GLOBAL_GUID }));
}
