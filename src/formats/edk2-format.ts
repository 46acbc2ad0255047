import { ADDED } from "../../assembly/abi/record.ts";
import { digestOf, isPrivate, nodesOf, withCertDb, withDigests } from "./cert-db.ts";
import { editLog, isSameRecord } from "./edk2-edit.ts";
import { type Geometry, OVMF_4M } from "./edk2-geometry.ts";
import { liveEntries, readLog, writeRecords } from "./edk2-log.ts";
import { layoutOf } from "./edk2-record.ts";
import { findVolume, formatVolume, looksLikeFlash } from "./edk2-volume.ts";
import type { Format, FormatOptions, Loss } from "./format.ts";
import {
  COUNTERS,
  heldUnder,
  type Limit,
  lossesUnder,
  NO_EMPTY,
  NO_MARK,
  NO_STAMP,
  NO_VOLATILE,
  part,
  withoutMark,
} from "./losses.ts";
import { refuse } from "./report.ts";
import { keyOf, type Variable } from "./variable-set.ts";

/**
 * edk2's firmware volume. Signers' digests live in the variable `certdb`: reading puts them beside the private
 * authenticated variables, too, and writing enters those that are there into certdb; one beside a variable wins.
 */
export const edk2Format: Format = {
  name: "edk2",
  title: "edk2 firmware volume",
  detects: looksLikeFlash,
  parse,
  losses,
  serialize,
  edit,
};

function parse(bytes: Uint8Array): Variable[] {
  const volume = findVolume(bytes);
  const live = liveEntries(readLog(bytes, volume));
  const nameless = live.find(({ name }) => name === "");
  if (nameless !== undefined) refuse(volume.offset + nameless.offset, "a live record whose header was completed");
  return withDigests(live.map(({ offset, bytes: _, state, ...variable }) => variable));
}

function losses(variables: readonly Variable[], { plainRecords = false }: FormatOptions = {}): Loss[] {
  const isCertDbReadable = nodesOf(variables) !== undefined;
  const digest: Limit[] = [
    part(
      "signer digest: certdb keeps those of private authenticated variables only",
      (variable) => digestOf(variable) !== undefined && !isPrivate(variable),
    ),
    part(
      "signer digest: the certdb that is there cannot be read",
      (variable) => digestOf(variable) !== undefined && isPrivate(variable) && !isCertDbReadable,
    ),
  ];
  const limits = [...LIMITS, ...digest, ...(plainRecords ? [NO_STAMP] : [])];
  return lossesUnder(limits, variables, plainRecords ? COUNTERS : []);
}

const LIMITS = [NO_VOLATILE, NO_EMPTY, NO_MARK];

/** The variables as edk2 can hold them. */
function storable(variables: readonly Variable[]): Variable[] {
  return heldUnder(LIMITS, variables).map((variable) => {
    return { ...variable, attributes: withoutMark(variable.attributes) };
  });
}

function serialize(variables: readonly Variable[], options: FormatOptions = {}): Uint8Array {
  const { geometry = OVMF_4M, plainRecords = false } = options;
  const volume = formatVolume(geometry, !plainRecords);
  const entries = withCertDb(storable(variables)).map((variable) => ({ ...variable, state: ADDED }));
  writeRecords(volume, geometry, entries, layoutOf({ authenticated: !plainRecords }));
  return padded(volume, geometry);
}

/** The blocks that the block map has behind the volume: zeros, as in AAVMF's images of 64 MiB. */
function padded(volume: Uint8Array, { blockCount, blockBytes }: Geometry): Uint8Array {
  if (blockCount * blockBytes <= volume.length) return volume;
  const image = new Uint8Array(blockCount * blockBytes);
  image.set(volume);
  return image;
}

/** A record that stays as it is need not be one that could be written anew. */
function edit(base: Uint8Array, variables: readonly Variable[]): Uint8Array {
  const volume = findVolume(base);
  const layout = layoutOf(volume);
  const live = new Map(liveEntries(readLog(base, volume)).map((entry) => [keyOf(entry), entry]));
  const held = new Map(storable(variables).map((variable) => [keyOf(variable), variable]));
  const wanted = new Map<string, Variable>();
  for (const variable of variables) {
    const entry = live.get(keyOf(variable));
    const isKept = entry !== undefined && isSameRecord(entry, variable, layout);
    const next = isKept ? variable : held.get(keyOf(variable));
    if (next !== undefined && !wanted.has(keyOf(variable))) wanted.set(keyOf(variable), next);
  }
  const removed = new Set([...live.keys()].filter((key) => !wanted.has(key)));
  return editLog(base, volume, withCertDb([...wanted.values()], removed));
}
