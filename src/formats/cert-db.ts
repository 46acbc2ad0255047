import { TIME_BASED_AUTHENTICATED_WRITE_ACCESS } from "../../assembly/abi/variable.ts";
import { CERT_DB_GUID, GLOBAL_GUID, guidBytes, guidText, IMAGE_SECURITY_GUID } from "../guid.ts";
import { fromUcs2, toUcs2 } from "../ucs2.ts";
import { viewOf } from "./flash-bytes.ts";
import { keyOf, type Variable } from "./variable-set.ts";

/**
 * edk2's variable `certdb`: who signed each private authenticated variable (SecurityPkg/Library/AuthVariableLib,
 * AUTH_CERT_DB_DATA). Little-endian: u32 total bytes, then nodes of
 *
 *    0 vendor GUID    16 node bytes u32    20 name units u32    24 digest bytes u32    28 name, no terminator; digest
 */
export interface CertNode {
  name: string;
  guid: string;
  digest: Uint8Array;
}

export const CERT_DB = { name: "certdb", guid: CERT_DB_GUID };
const ATTRIBUTES = 0x27;
/** What Variable.digest holds: SHA-256. */
export const DIGEST_BYTES = 32;

const NODE_BYTES = 16;
const NODE_UNITS = 20;
const NODE_DIGEST_BYTES = 24;
const NODE_HEADER_BYTES = 28;

/** Authenticated by a key of Secure Boot, or written by the firmware alone; certdb has no signer for them. */
const FIRMWARES_OWN: Readonly<Record<string, readonly string[]>> = {
  [GLOBAL_GUID]: ["PK", "KEK"],
  [IMAGE_SECURITY_GUID]: ["db", "dbx", "dbt"],
  [CERT_DB_GUID]: [CERT_DB.name],
  "9073e4e0-60ec-4b6e-9903-4c223c260f3c": ["VendorKeysNv"],
};

/** The nodes of certdb's value in their order; undefined if its sizes do not agree. */
export function parseCertDb(value: Uint8Array): CertNode[] | undefined {
  const view = viewOf(value);
  if (value.length < 4 || view.getUint32(0, true) !== value.length) return undefined;
  const nodes: CertNode[] = [];
  for (let at = 4; at < value.length; ) {
    if (value.length - at < NODE_HEADER_BYTES) return undefined;
    const nodeBytes = view.getUint32(at + NODE_BYTES, true);
    const nameBytes = 2 * view.getUint32(at + NODE_UNITS, true);
    const digestBytes = view.getUint32(at + NODE_DIGEST_BYTES, true);
    const isWhole = NODE_HEADER_BYTES + nameBytes + digestBytes === nodeBytes && nodeBytes <= value.length - at;
    if (!isWhole) return undefined;
    const name = at + NODE_HEADER_BYTES;
    nodes.push({
      guid: guidText(value, at),
      name: fromUcs2(value.subarray(name, name + nameBytes)),
      digest: value.slice(name + nameBytes, at + nodeBytes),
    });
    at += nodeBytes;
  }
  return nodes;
}

/** The value of certdb with these nodes. */
export function certDbValue(nodes: readonly CertNode[]): Uint8Array {
  const bytesOf = ({ name, digest }: CertNode) => NODE_HEADER_BYTES + 2 * name.length + digest.length;
  const value = new Uint8Array(nodes.reduce((sum, node) => sum + bytesOf(node), 4));
  const view = viewOf(value);
  view.setUint32(0, value.length, true);
  let at = 4;
  for (const node of nodes) {
    value.set(guidBytes(node.guid), at);
    view.setUint32(at + NODE_BYTES, bytesOf(node), true);
    view.setUint32(at + NODE_UNITS, node.name.length, true);
    view.setUint32(at + NODE_DIGEST_BYTES, node.digest.length, true);
    value.set(toUcs2(node.name), at + NODE_HEADER_BYTES);
    value.set(node.digest, at + NODE_HEADER_BYTES + 2 * node.name.length);
    at += bytesOf(node);
  }
  return value;
}

/** True for a variable that certdb knows the signer of: authenticated by time, and neither key nor firmware's own. */
export function isPrivate({ name, guid, attributes }: Variable): boolean {
  const isAuthenticated = (attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0;
  return isAuthenticated && !FIRMWARES_OWN[guid]?.includes(name);
}

/** The signer's digest that a variable carries; undefined for none, and for the zeros that stand for none. */
export function digestOf({ digest }: Variable): Uint8Array | undefined {
  return digest?.some((byte) => byte !== 0) ? digest : undefined;
}

/** The nodes of the set's certdb: none without one; undefined if it cannot be read. */
export function nodesOf(variables: readonly Variable[]): CertNode[] | undefined {
  const certDb = variables.find(isCertDb);
  return certDb === undefined ? [] : parseCertDb(certDb.data);
}

/** The variables with the digests of certdb beside the private ones; certdb itself stays. */
export function withDigests(variables: readonly Variable[]): Variable[] {
  const digests = new Map<string, Uint8Array>();
  for (const node of nodesOf(variables) ?? []) {
    if (node.digest.length === DIGEST_BYTES && !digests.has(keyOf(node))) digests.set(keyOf(node), node.digest);
  }
  return variables.map((variable) => {
    const digest = isPrivate(variable) ? digests.get(keyOf(variable)) : undefined;
    return digest === undefined ? variable : { ...variable, digest };
  });
}

/**
 * The variables with a certdb that knows the digests beside them: nodes are changed and added, those of `removed`
 * variables (their keys) dropped. A missing certdb comes last; one that cannot be read stays as it is.
 */
export function withCertDb(variables: readonly Variable[], removed: ReadonlySet<string> = new Set()): Variable[] {
  const known = nodesOf(variables);
  if (known === undefined) return [...variables];
  const nodes = known.filter((node) => !removed.has(keyOf(node)));
  enterDigests(nodes, variables);
  const data = certDbValue(nodes);
  const certDb = variables.find(isCertDb);
  if (certDb !== undefined) return variables.map((variable) => (variable === certDb ? { ...certDb, data } : variable));
  return nodes.length === 0 ? [...variables] : [...variables, { ...CERT_DB, attributes: ATTRIBUTES, data }];
}

/** Changes the first node of each variable that carries a digest, or adds one at the end. */
function enterDigests(nodes: CertNode[], variables: readonly Variable[]): void {
  const places = new Map<string, number>();
  for (const [place, node] of nodes.entries()) if (!places.has(keyOf(node))) places.set(keyOf(node), place);
  for (const variable of variables) {
    const digest = isPrivate(variable) ? digestOf(variable) : undefined;
    if (digest === undefined) continue;
    nodes[places.get(keyOf(variable)) ?? nodes.length] = { name: variable.name, guid: variable.guid, digest };
  }
}

function isCertDb({ name, guid }: Variable): boolean {
  return name === CERT_DB.name && guid === CERT_DB.guid;
}
