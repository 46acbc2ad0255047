import { logEnd, logStart, readLog } from "../../formats/edk2-log.ts";
import type { Variable } from "../../formats/variable-set.ts";
import { GLOBAL_GUID } from "../../guid.ts";
import type { Machine } from "../../machine.ts";
import type { FirmwareFacts } from "../../platform.ts";
import { Q35_FACTS } from "../../policies/q35-facts.ts";
import { toUcs2 } from "../../ucs2.ts";
import type { Numbers } from "./numbers.ts";
import { ReferenceModel } from "./reference-model.ts";
import type { Limits, ModelStart } from "./start.ts";
import { recordBytes } from "./store.ts";

const NON_VOLATILE = 1;
const STORE_HEADER_BYTES = 28;
const MTC_GUID = "eb704011-1402-11d3-8e77-00a0c969723b";
const RTC_GUID = "378d7b65-8da9-4773-b6e4-a47826a833e1";

/** What a machine's `facts` and `allocationLimit` were, where they were not the default ones: it does not tell. */
export interface Untold {
  facts?: FirmwareFacts;
  allocationLimit?: number;
}

/** The model of a machine that has just booted and has answered no call; without a verifier, of an `ovmf-4m` firmware. */
export function modelOf(machine: Machine, untold: Untold = {}): ReferenceModel {
  return new ReferenceModel(startOf(machine, untold));
}

export function startOf(machine: Machine, untold: Untold = {}): ModelStart {
  const variables = machine.variables();
  const isStored = ({ attributes }: Variable) => (attributes & NON_VOLATILE) !== 0;
  const { policy } = machine;
  const volatile = variables.filter((variable) => !isStored(variable));
  return {
    abi: machine.abi,
    variables,
    volatileBytes: bytesOf(volatile) + policy.boot.hiddenVolatileBytes,
    liveBytes: bytesOf(variables.filter(isStored)),
    limits: limitsOf(machine, untold.allocationLimit ?? 0xffffffff),
    numbers: numbersOf(machine, variables),
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
  return policy.variablePolicies.filter(({ lock }) => lock === "now");
}

function recoveryOptions({ policy }: Machine) {
  const made = policy.boot.volatile.filter(({ name }) => name.startsWith("PlatformRecovery"));
  return made.map(({ name }) => ({ name, guid: GLOBAL_GUID }));
}
