import { STAGE } from "./abi/layout";
import {
  POLICY_ERROR_STORAGE,
  POLICY_MAX_AUTH_VARIABLE,
  POLICY_MAX_ERROR_RECORD,
  POLICY_MAX_VARIABLE,
} from "./abi/policy";
import { EfiCode } from "./abi/status";
import { BOOTSERVICE_ACCESS, NON_VOLATILE, RUNTIME_ACCESS } from "./abi/variable";
import { scanName } from "./name";
import { limit } from "./policy";
import { forgetLists } from "./services/capsule-variable";
import { resumeMonotonicCount, startClock } from "./services/clock";
import { runtimeTableTooOld } from "./services/firmware-info";
import { spaceFor, usedBytes } from "./services/quota";
import { update } from "./services/update";
import { queryVariableInfo } from "./services/variables";
import { draft, nvRegion, state } from "./state";
import { recover } from "./store/ftw";
import { reclaim } from "./store/reclaim";
import { isDirty, openRegions } from "./store/region";
import { find, load as loadStore } from "./store/store";

/**
 * From a bare flash image to a running operating system, in the steps in which edk2 takes them. The host calls them in
 * this order and plays the machine's own writes in between.
 */

/** Fault-tolerant-write recovery; the store is opened, and cleaned up if something lies behind its last record. */
export function powerOn(): void {
  state.shutdown = 0;
  state.atRuntime = 0;
  forgetLists();
  recover();
  openRegions();
  loadStore();
  if (isDirty(nvRegion)) reclaim(nvRegion, 0, 0);
  startClock();
  resumeMonotonicCount();
}

/** Opens the store as it lies, without a boot's writes. */
export function attach(): void {
  state.atRuntime = 0;
  openRegions();
  loadStore();
  startClock();
  resumeMonotonicCount();
}

/**
 * One write of the firmware at boot, without the checks that SetVariable makes for others. STAGE holds the GUID, the
 * name with terminator and the data.
 */
export function bootWrite(nameBytes: u32, dataBytes: u32, attributes: u32): EfiCode {
  const record = lookUp(nameBytes);
  if (draft.nameBytes !== nameBytes) return EfiCode.InvalidParameter;
  draft.attributes = attributes;
  draft.data = draft.name + nameBytes;
  draft.dataBytes = dataBytes;
  draft.stamp = 0;
  return update(draft, record);
}

/** The record, by core address, of the GUID and name at STAGE, or 0. */
export function lookUp(nameBytes: u32): usize {
  return scanName(draft, STAGE, STAGE + 16, nameBytes) ? find(draft) : 0;
}

/** A store with less room than the largest variable is reclaimed (edk2 V.c, OnReadyToBoot). */
export function readyToBoot(): void {
  if (isShort()) reclaim(nvRegion, 0, 0);
}

/** Xen has asked for QueryVariableInfo just before; from now on the run-time rules hold. */
export function exitBootServices(): void {
  takeSnapshot();
  state.atRuntime = 1;
}

/** Xen's own question; it does not ask a table without the call (xen/common/efi/boot.c, efi_variables). */
function takeSnapshot(): void {
  const status = queryVariableInfo(NON_VOLATILE | BOOTSERVICE_ACCESS | RUNTIME_ACCESS);
  const answers = !runtimeTableTooOld();
  state.snapshotStatus = answers ? status : EfiCode.IncompatibleVersion;
  state.snapshotMaxStore = answers ? state.maxStoreBytes : 0;
  state.snapshotRemainStore = answers ? state.remainStoreBytes : 0;
  state.snapshotMaxVariable = answers ? state.maxVariableBytes : 0;
}

/** edk2 V.c, ReclaimForOS. */
function isShort(): bool {
  const largest = <u64>max(limit(POLICY_MAX_VARIABLE), limit(POLICY_MAX_AUTH_VARIABLE));
  if (usedBytes(nvRegion, false) + largest > spaceFor(nvRegion, false)) return true;
  if (limit(POLICY_ERROR_STORAGE) === 0) return false;
  return usedBytes(nvRegion, true) + limit(POLICY_MAX_ERROR_RECORD) > spaceFor(nvRegion, true);
}
