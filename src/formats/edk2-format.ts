import { ADDED } from "../../assembly/abi/record.ts";
import { NON_VOLATILE } from "../../assembly/abi/variable.ts";
import { digestOf, isPrivate, nodesOf, withCertDb, withDigests } from "./cert-db.ts";
import { editLog, isSameRecord } from "./edk2-edit.ts";
import { type Geometry, OVMF_4M } from "./edk2-geometry.ts";
import { liveEntries, readLog, writeRecords } from "./edk2-log.ts";
import { layoutOf } from "./edk2-record.ts";
import { findVolume, formatVolume, looksLikeFlash, refuse } from "./edk2-volume.ts";
import type { Format, FormatOptions, Loss } from "./format.ts";
import { keyOf, type Variable } from "./variable-set.ts";

/** U-Boot's private read-only mark: no attribute that edk2 knows. */
const READ_ONLY_MARK = 0x80000000;

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

function losses(variables: readonly Variable[], options: FormatOptions = {}): Loss[] {
  const isCertDbReadable = nodesOf(variables) !== undefined;
  return variables.flatMap((variable) => {
    const whole = whyNot(variable);
    const causes = whole === undefined ? partsLost(variable, isCertDbReadable, options) : [whole];
    return causes.map((what) => ({ variable: { name: variable.name, guid: variable.guid }, what }));
  });
}

/** Why no store of edk2's can hold the variable. */
function whyNot({ name, attributes, data }: Variable): string | undefined {
  if ((attributes & NON_VOLATILE) === 0) return "the variable: it is volatile";
  if (name === "" || name.includes("\0")) return "the variable: its name is empty or has a NUL";
  if (data.length === 0) return "the variable: it has no data";
  return undefined;
}

function partsLost(variable: Variable, isCertDbReadable: boolean, options: FormatOptions): string[] {
  const lost: string[] = [];
  if (variable.attributes & READ_ONLY_MARK) lost.push("attribute bit 31, U-Boot's read-only mark");
  if (digestOf(variable) !== undefined) {
    if (!isPrivate(variable)) lost.push("signer digest: certdb keeps those of private authenticated variables only");
    else if (!isCertDbReadable) lost.push("signer digest: the certdb that is there cannot be read");
  }
  if (options.plainRecords !== true) return lost;
  if (variable.stamp?.some((byte) => byte !== 0)) lost.push("time stamp");
  if (variable.count) lost.push("monotonic count");
  if (variable.keyIndex) lost.push("public key index");
  return lost;
}

/** The variable as edk2 can hold it, or nothing. */
function storable(variable: Variable): Variable[] {
  if (whyNot(variable) !== undefined) return [];
  return [{ ...variable, attributes: (variable.attributes & ~READ_ONLY_MARK) >>> 0 }];
}

function serialize(variables: readonly Variable[], options: FormatOptions = {}): Uint8Array {
  const { geometry = OVMF_4M, plainRecords = false } = options;
  checkDistinct(variables);
  const volume = formatVolume(geometry, !plainRecords);
  const entries = withCertDb(variables.flatMap(storable)).map((variable) => ({ ...variable, state: ADDED }));
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

function edit(base: Uint8Array, variables: readonly Variable[]): Uint8Array {
  checkDistinct(variables);
  const volume = findVolume(base);
  const layout = layoutOf(volume);
  const live = new Map(liveEntries(readLog(base, volume)).map((entry) => [keyOf(entry), entry]));
  const kept = variables.flatMap((variable) => {
    const entry = live.get(keyOf(variable));
    return entry !== undefined && isSameRecord(entry, variable, layout) ? [variable] : storable(variable);
  });
  const keys = new Set(kept.map(keyOf));
  const removed = new Set([...live.keys()].filter((key) => !keys.has(key)));
  return editLog(base, volume, withCertDb(kept, removed));
}

function checkDistinct(variables: readonly Variable[]): void {
  const keys = new Set<string>();
  for (const variable of variables) {
    if (keys.has(keyOf(variable))) {
      throw new RangeError(`variables: ${JSON.stringify(variable.name)}-${variable.guid} is there twice`);
    }
    keys.add(keyOf(variable));
  }
}
