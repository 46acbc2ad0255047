import { STAGE, STAGE_BYTES } from "../abi/layout";
import { POLICY_MAX_AUTH_VARIABLE } from "../abi/policy";
import { HEADER_BYTES } from "../abi/record";
import { EfiCode } from "../abi/status";
import { TIME_BASED_AUTHENTICATED_WRITE_ACCESS } from "../abi/variable";
import { sameBytes, sameGuid } from "../bytes";
import { scanName } from "../name";
import { limit } from "../policy";
import { certDraft, Draft } from "../state";
import { attributesOf, dataBytesOf, dataOf } from "../store/record";
import { find } from "../store/store";
import { CERT_DB, CERT_DB_GUID, setName } from "./names";
import { rewrite } from "./update";

/**
 * certdb: who signed each private authenticated variable. u32 total bytes, then nodes of
 *
 *    0 vendor GUID    16 node bytes u32    20 name units u32    24 digest bytes u32    28 name, no terminator; digest
 */
const NODE_BYTES = 16;
const NODE_UNITS = 20;
const NODE_DIGEST_BYTES = 24;
const NODE_HEADER_BYTES: u32 = 28;

/** Bytes of L"certdb" with its terminator: edk2 takes them off the largest value. */
const NAME_BYTES: u32 = 14;

/** A node of certdb by its offset, 0 if there is none; 0 also where certdb is missing or malformed. */
export function findNode(d: Draft): u32 {
  const record = certDb();
  if (record === 0) return 0;
  const value = dataOf(record);
  const bytes = dataBytesOf(record);
  const nameBytes = d.nameBytes - 2;
  for (let at = firstNode(value, bytes); at !== 0; at = nextNode(value, bytes, at)) {
    const node = value + at;
    if (load<u32>(node, NODE_UNITS) * 2 !== nameBytes || !sameGuid(node, d.guid)) continue;
    if (sameBytes(node + NODE_HEADER_BYTES, d.name, nameBytes)) return at;
  }
  return 0;
}

/** True if the node at this offset keeps just this digest. */
export function hasDigest(node: u32, digest: usize, digestBytes: u32): bool {
  const at = dataOf(certDb()) + node;
  if (load<u32>(at, NODE_DIGEST_BYTES) !== digestBytes) return false;
  return sameBytes(at + NODE_HEADER_BYTES + load<u32>(at, NODE_UNITS) * 2, digest, digestBytes);
}

/** Adds a node for the draft's variable at the end (A.c, InsertCertsToDb). */
export function insertNode(d: Draft, digest: usize, digestBytes: u32): EfiCode {
  const record = certDb();
  if (record === 0) return EfiCode.NotFound;
  if (findNode(d) !== 0) return EfiCode.AccessDenied;
  const bytes = dataBytesOf(record);
  const nameBytes = d.nameBytes - 2;
  const nodeBytes = NODE_HEADER_BYTES + nameBytes + digestBytes;
  if (bytes + nodeBytes > limit(POLICY_MAX_AUTH_VARIABLE) - HEADER_BYTES - NAME_BYTES) return EfiCode.OutOfResources;
  memory.copy(STAGE, dataOf(record), bytes);
  const node = <usize>STAGE + bytes;
  memory.copy(node, d.guid, 16);
  store<u32>(node, nodeBytes, NODE_BYTES);
  store<u32>(node, nameBytes / 2, NODE_UNITS);
  store<u32>(node, digestBytes, NODE_DIGEST_BYTES);
  memory.copy(node + NODE_HEADER_BYTES, d.name, nameBytes);
  memory.copy(node + NODE_HEADER_BYTES + nameBytes, digest, digestBytes);
  return write(record, bytes + nodeBytes);
}

/** Drops the draft's node (A.c, DeleteCertsFromDb). */
export function removeNode(d: Draft): EfiCode {
  const record = certDb();
  if (record === 0) return EfiCode.NotFound;
  if (dataBytesOf(record) === 4) return EfiCode.Success;
  const node = findNode(d);
  return node === 0 ? EfiCode.NotFound : writeWithout(record, node);
}

/** At boot: drops the nodes whose variable is gone or not authenticated, each with a rewrite (A.c, CleanCertsFromDb). */
export function cleanCertDb(): void {
  while (dropStaleNode()) {}
}

/** False if there is none, or it cannot be dropped: then no other could be. */
function dropStaleNode(): bool {
  const record = certDb();
  if (record === 0) return false;
  const value = dataOf(record);
  const bytes = dataBytesOf(record);
  for (let at = firstNode(value, bytes); at !== 0; at = nextNode(value, bytes, at)) {
    if (isAuthenticated(value + at)) continue;
    return writeWithout(record, at) === EfiCode.Success;
  }
  return false;
}

/** True if the node's variable exists and is time-based authenticated. */
function isAuthenticated(node: usize): bool {
  const name: usize = STAGE + STAGE_BYTES / 2;
  const nameBytes = load<u32>(node, NODE_UNITS) * 2;
  memory.copy(name, node + NODE_HEADER_BYTES, nameBytes);
  store<u16>(name + nameBytes, 0);
  if (!scanName(certDraft, node, name, nameBytes + 2)) return false;
  const record = find(certDraft);
  return record !== 0 && (attributesOf(record) & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0;
}

/** The record of certdb, or 0 if there is none whose size is its own first word and fits the buffers here. */
function certDb(): usize {
  setName(certDraft, CERT_DB_GUID, CERT_DB);
  const record = find(certDraft);
  if (record === 0) return 0;
  const bytes = dataBytesOf(record);
  return bytes >= 4 && bytes <= <u32>STAGE_BYTES / 2 && load<u32>(dataOf(record)) === bytes ? record : 0;
}

function firstNode(value: usize, bytes: u32): u32 {
  return isNode(value, bytes, 4) ? 4 : 0;
}

function nextNode(value: usize, bytes: u32, at: u32): u32 {
  const next = at + load<u32>(value + at, NODE_BYTES);
  return isNode(value, bytes, next) ? next : 0;
}

/** True if a whole node with consistent sizes lies there; `at` is at most `bytes`, where every node is too long. */
function isNode(value: usize, bytes: u32, at: u32): bool {
  const node = value + at;
  const nodeBytes = load<u32>(node, NODE_BYTES);
  const parts = <u64>NODE_HEADER_BYTES + <u64>load<u32>(node, NODE_UNITS) * 2 + load<u32>(node, NODE_DIGEST_BYTES);
  return nodeBytes <= bytes - at && parts === nodeBytes;
}

function writeWithout(record: usize, at: u32): EfiCode {
  const value = dataOf(record);
  const bytes = dataBytesOf(record);
  const nodeBytes = load<u32>(value + at, NODE_BYTES);
  memory.copy(STAGE, value, at);
  memory.copy(<usize>STAGE + at, value + at + nodeBytes, bytes - at - nodeBytes);
  return write(record, bytes - nodeBytes);
}

/** Replaces certdb by the `bytes` at STAGE. */
function write(record: usize, bytes: u32): EfiCode {
  store<u32>(STAGE, bytes);
  setName(certDraft, CERT_DB_GUID, CERT_DB);
  certDraft.attributes = attributesOf(record);
  certDraft.data = STAGE;
  certDraft.dataBytes = bytes;
  certDraft.stamp = 0;
  return rewrite(certDraft, record);
}
