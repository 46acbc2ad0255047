import {
  CAPSULE_FLAGS,
  CAPSULES_ACROSS_RESET,
  CAPSULES_FEATURES,
  CAPSULES_IN_RAM,
  CAPSULES_MAX_ACROSS_RESET,
  CAPSULES_MAX_AT_ONCE,
  CAPSULES_OFFERED,
  INITIATE_RESET,
  PERSIST_ACROSS_RESET,
  POPULATE_SYSTEM_TABLE,
  RESET_COLD,
  RESET_WARM,
} from "../abi/capsule";
import { CAPSULES } from "../abi/layout";
import { SHUTDOWN_BY_FIRMWARE } from "../abi/sched";
import { EfiCode, Reason } from "../abi/status";
import { capsuleAt, setCapsuleCapabilities } from "../call";
import { state } from "../state";
import { isFmpCapsule, supportsCapsule } from "./capsule-library";
import { storeList } from "./capsule-variable";
import { refuse } from "./refusal";

/**
 * QueryCapsuleCapabilities (UEFI 2.10, 8.5.3.2; MdeModulePkg/Universal/CapsuleRuntimeDxe/CapsuleService.c) of the call's
 * `count` capsules, whose images are known to be mapped. Out, on Success alone: largest size and reset type in the op.
 */
export function queryCapsuleCapabilities(count: u32): EfiCode {
  if (!has(CAPSULES_OFFERED)) return refuse(EfiCode.Unsupported, Reason.CapsulesNotOffered);
  const status = checkHeaders(count);
  if (status !== EfiCode.Success) return status;
  if (flagsOfAny(count, PERSIST_ACROSS_RESET) === 0) {
    setCapsuleCapabilities(load<u32>(CAPSULES, CAPSULES_MAX_AT_ONCE), RESET_COLD);
    return EfiCode.Success;
  }
  if (!has(CAPSULES_ACROSS_RESET)) return refuse(EfiCode.Unsupported, Reason.NotAcrossReset);
  setCapsuleCapabilities(load<u32>(CAPSULES, CAPSULES_MAX_ACROSS_RESET), RESET_WARM);
  return EfiCode.Success;
}

/**
 * UpdateCapsule (UEFI 2.10, 8.5.3.1; the same file) of the call's `count` capsules with their scatter-gather list at
 * machine address `list`, which is not looked at before the next boot. At run time a capsule is taken across a reset or
 * not at all. INITIATE_RESET ends Dom0: real firmware does not come back.
 */
export function updateCapsule(count: u32, list: u64): EfiCode {
  if (!has(CAPSULES_OFFERED) || !has(CAPSULES_IN_RAM)) return refuse(EfiCode.Unsupported, Reason.CapsulesNotOffered);
  const checked = checkHeaders(count);
  if (checked !== EfiCode.Success) return checked;
  if (flagsOfAll(count, PERSIST_ACROSS_RESET) === 0) return refuse(EfiCode.OutOfResources, Reason.CapsuleAtRuntime);
  if (list === 0) return refuse(EfiCode.InvalidParameter, Reason.NoCapsuleList);
  if (!has(CAPSULES_ACROSS_RESET)) return refuse(EfiCode.Unsupported, Reason.NotAcrossReset);
  const status = storeList(list);
  if (status === EfiCode.Success && flagsOfAny(count, INITIATE_RESET) !== 0) state.shutdown = SHUTDOWN_BY_FIRMWARE;
  return status;
}

/** Header by header: what its flags demand, then whether the library takes the capsule. */
function checkHeaders(count: u32): EfiCode {
  if (count === 0) return refuse(EfiCode.InvalidParameter, Reason.NoCapsules);
  for (let i: u32 = 0; i < count; i++) {
    const status = checkHeader(capsuleAt(i));
    if (status !== EfiCode.Success) return status;
  }
  return EfiCode.Success;
}

function checkHeader(capsule: usize): EfiCode {
  const flags = load<u32>(capsule, CAPSULE_FLAGS);
  const persists = (flags & PERSIST_ACROSS_RESET) !== 0;
  const populates = (flags & POPULATE_SYSTEM_TABLE) !== 0;
  if (populates && !persists) return refuse(EfiCode.InvalidParameter, Reason.PopulateWithoutPersist);
  if ((flags & INITIATE_RESET) !== 0 && !persists) return refuse(EfiCode.InvalidParameter, Reason.ResetWithoutPersist);
  if (populates && isFmpCapsule(capsule)) return refuse(EfiCode.InvalidParameter, Reason.FmpInSystemTable);
  return populates ? EfiCode.Success : supportsCapsule(capsule);
}

/** Those of the flags that at least one capsule has. */
function flagsOfAny(count: u32, flags: u32): u32 {
  let found: u32 = 0;
  for (let i: u32 = 0; i < count; i++) found |= load<u32>(capsuleAt(i), CAPSULE_FLAGS);
  return found & flags;
}

/** Those of the flags that every capsule has. */
function flagsOfAll(count: u32, flags: u32): u32 {
  let found = flags;
  for (let i: u32 = 0; i < count; i++) found &= load<u32>(capsuleAt(i), CAPSULE_FLAGS);
  return found;
}

function has(feature: u32): bool {
  return (load<u32>(CAPSULES, CAPSULES_FEATURES) & feature) !== 0;
}
