import { STAGE, STAGE_BYTES } from "./abi/layout";
import {
  POLICY_ERROR_STORAGE,
  POLICY_MAX_AUTH_VARIABLE,
  POLICY_MAX_ERROR_RECORD,
  POLICY_MAX_VARIABLE,
} from "./abi/policy";
import { EfiCode } from "./abi/status";
import {
  BOOTSERVICE_ACCESS,
  NON_VOLATILE,
  RUNTIME_ACCESS,
  TIME_BASED_AUTHENTICATED_WRITE_ACCESS,
} from "./abi/variable";
import { scanName } from "./name";
import { limit } from "./policy";
import { resumeMonotonicCount, startClock } from "./services/clock";
import { CERT_DB, CERT_DB_GUID, setName } from "./services/names";
import { spaceFor, usedBytes } from "./services/quota";
import { update } from "./services/update";
import { queryVariableInfo } from "./services/variables";
import { draft, nvRegion, ownDraft, state } from "./state";
import { recover } from "./store/ftw";
import { reclaim } from "./store/reclaim";
import { attributesOf, dataBytesOf, dataOf } from "./store/record";
import { isDirty, openRegions } from "./store/region";
import { find, load as loadStore } from "./store/store";

/**
 * From a bare flash image to a running operating system, in the steps in which edk2 takes them. The host calls them in
 * this order and plays the machine's own writes in between.
 */

/** Fault-tolerant-write recovery; the store is opened, and cleaned up if something lies behind its last record. */
export function powerOn(): void {
  state.atRuntime = 0;
  recover();
  openRegions();
  loadStore();
  if (isDirty(nvRegion)) reclaim(nvRegion, 0, 0);
  cleanCertDb();
  startClock();
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
  draft.guid = STAGE;
  draft.name = STAGE + 16;
  return scanName(draft, nameBytes) ? find(draft) : 0;
}

/**
 * ReadyToBoot: a store with less room than the largest variable is reclaimed. ExitBootServices: Xen has asked for
 * QueryVariableInfo just before; from now on the run-time rules hold.
 */
export function exitBootServices(): void {
  if (isShort()) reclaim(nvRegion, 0, 0);
  state.snapshotStatus = queryVariableInfo(NON_VOLATILE | BOOTSERVICE_ACCESS | RUNTIME_ACCESS);
  state.snapshotMaxStore = state.maxStoreBytes;
  state.snapshotRemainStore = state.remainStoreBytes;
  state.snapshotMaxVariable = state.maxVariableBytes;
  state.atRuntime = 1;
}

/** edk2 V.c, ReclaimForOS. */
function isShort(): bool {
  const largest = <u64>max(limit(POLICY_MAX_VARIABLE), limit(POLICY_MAX_AUTH_VARIABLE));
  if (usedBytes(nvRegion, false) + largest > spaceFor(nvRegion, false)) return true;
  if (limit(POLICY_ERROR_STORAGE) === 0) return false;
  return usedBytes(nvRegion, true) + limit(POLICY_MAX_ERROR_RECORD) > spaceFor(nvRegion, true);
}

/** Bytes of a certdb node in front of its name: GUID 16, node bytes u32, name units u32, digest bytes u32. */
const NODE_HEADER_BYTES: u32 = 28;

/**
 * Drops the nodes of certdb whose variable is gone or not authenticated, each with a rewrite of its own (edk2 A.c,
 * CleanCertsFromDb). certdb is u32 total bytes, then nodes: header, name without terminator, digest.
 */
function cleanCertDb(): void {
  while (dropStaleNode()) {}
}

function dropStaleNode(): bool {
  setName(ownDraft, CERT_DB_GUID, CERT_DB);
  const record = find(ownDraft);
  if (record === 0) return false;
  const value = dataOf(record);
  const bytes = dataBytesOf(record);
  if (bytes < 4 || bytes > <u32>STAGE_BYTES / 2 || load<u32>(value) !== bytes) return false;
  let at: u32 = 4;
  while (at + NODE_HEADER_BYTES <= bytes) {
    const node = value + at;
    const nodeBytes = load<u32>(node, 16);
    const nameBytes = <u64>load<u32>(node, 20) * 2;
    if (nodeBytes > bytes - at || NODE_HEADER_BYTES + nameBytes + load<u32>(node, 24) !== nodeBytes) return false;
    if (!isAuthenticated(node, <u32>nameBytes)) {
      writeCertDbWithout(record, at, nodeBytes);
      return true;
    }
    at += nodeBytes;
  }
  return false;
}

/** True if the node's variable exists and is time-based authenticated. */
function isAuthenticated(node: usize, nameBytes: u32): bool {
  const name = STAGE + STAGE_BYTES / 2;
  memory.copy(name, node + NODE_HEADER_BYTES, nameBytes);
  store<u16>(name + nameBytes, 0);
  draft.guid = node;
  draft.name = name;
  if (!scanName(draft, nameBytes + 2)) return false;
  const record = find(draft);
  return record !== 0 && (attributesOf(record) & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0;
}

function writeCertDbWithout(record: usize, at: u32, nodeBytes: u32): void {
  const value = dataOf(record);
  const bytes = dataBytesOf(record);
  memory.copy(STAGE, value, at);
  memory.copy(STAGE + at, value + at + nodeBytes, bytes - at - nodeBytes);
  store<u32>(STAGE, bytes - nodeBytes);
  setName(ownDraft, CERT_DB_GUID, CERT_DB);
  ownDraft.attributes = attributesOf(record);
  ownDraft.data = STAGE;
  ownDraft.dataBytes = bytes - nodeBytes;
  ownDraft.stamp = 0;
  update(ownDraft, record);
}
