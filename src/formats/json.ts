import { TIME_BASED_AUTHENTICATED_WRITE_ACCESS } from "../../assembly/abi/variable.ts";
import { isZero } from "../bytes.ts";
import { findGuid } from "../guid.ts";
import { fromHex, toHex } from "../hex.ts";
import type { Format } from "./format.ts";
import { type JsonObject, type JsonTree, readJson, writeJson } from "./json-text.ts";
import { heldUnder, lossesUnder, NO_MARK, NO_VOLATILE, UNICODE_NAME, withoutMark } from "./losses.ts";
import { areSame, areSameLists } from "./sameness.ts";
import { UniqueKeys } from "./unique-keys.ts";
import { FormatError, keyOf, type Variable } from "./variable-set.ts";

/**
 * JSON version 2 of virt-fw-vars (virt/firmware/efi/efijson.py), QEMU's uefi-vars device (hw/uefi/var-service-json.c) and
 * python-uefivars, which calls the time stamp "timestamp"; also version 1, the bare array, on reading. Written with the
 * keys that QEMU takes, which all three read.
 */
export const json: Format = {
  name: "json",
  title: "JSON (virt-fw-vars, QEMU, python-uefivars)",
  detects: (bytes) => OPENING.includes(bytes.find((byte) => !SPACES.includes(byte)) ?? 0),
  parse: (bytes) => readVariables(readEntries(readJson(bytes).value)),
  losses: (variables) => lossesUnder(LIMITS, variables),
  serialize(variables) {
    const entries = heldUnder(LIMITS, variables).map((variable) => entryOf(variable, "time"));
    return writeJson({ value: { version: VERSION, variables: entries }, indentation: "    ", end: "" });
  },
  edit(base, variables) {
    const tree = readJson(base);
    const entries = readEntries(tree.value);
    const old = readVariables(entries);
    return areSameLists(old, variables) ? base : writeJson(changed(tree, entries, old, variables));
  },
};

const VERSION = 2;
const OPENING = [...new TextEncoder().encode("{[")];
const SPACES = [...new TextEncoder().encode(" \t\r\n")];
const STAMP_BYTES = 16;
const DIGEST_BYTES = 32;
const LIMITS = [NO_VOLATILE, UNICODE_NAME, NO_MARK];

/** The objects of the variables, whatever is in them. Throws a FormatError. */
function readEntries(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (!isObject(value)) throw new FormatError("the text", "a JSON object or array");
  if (value.version !== VERSION) {
    throw new FormatError("version", `${VERSION}, not ${JSON.stringify(value.version)?.slice(0, 40)}`);
  }
  if (!Array.isArray(value.variables)) throw new FormatError("variables", "an array");
  return value.variables;
}

function readVariables(entries: readonly unknown[]): Variable[] {
  const keys = new UniqueKeys();
  return entries.map((entry, n) => {
    const place = `variables[${n}]`;
    if (!isObject(entry)) throw new FormatError(place, "an object");
    const variable = readVariable(entry, place);
    keys.add(variable, (expectation) => new FormatError(place, expectation));
    return variable;
  });
}

function readVariable(entry: JsonObject, place: string): Variable {
  const { name, attr } = entry;
  if (typeof name !== "string" || name === "" || name.includes("\0")) {
    throw new FormatError(`${place}.name`, "text that is not empty and has no NUL");
  }
  const guid = typeof entry.guid === "string" && GUID_FORM.test(entry.guid) ? findGuid(entry.guid) : undefined;
  if (guid === undefined) throw new FormatError(`${place}.guid`, "a GUID as text (8-4-4-4-12 hexadecimal digits)");
  if (typeof attr !== "number" || !Number.isInteger(attr) || attr < 0 || attr > 0xffffffff) {
    throw new FormatError(`${place}.attr`, "an integer from 0 to 4294967295");
  }
  const data = readHex(entry.data, `${place}.data`);
  if ("time" in entry && "timestamp" in entry) {
    throw new FormatError(`${place}.timestamp`, 'either "time" or "timestamp", not both');
  }
  const timeKey = "timestamp" in entry ? "timestamp" : "time";
  return {
    name,
    guid,
    attributes: attr,
    data,
    ...readField("stamp", entry, timeKey, STAMP_BYTES, place),
    ...readField("digest", entry, "digest", DIGEST_BYTES, place),
  };
}

/** Short names of GUIDs are none here. */
const GUID_FORM = /^[0-9a-f-]{36}$/i;

/** A field of so many bytes, if the entry has it and it is not zero. */
function readField(field: "stamp" | "digest", entry: JsonObject, key: string, bytes: number, place: string) {
  if (!(key in entry)) return {};
  const value = readHex(entry[key], `${place}.${key}`);
  if (value.length !== bytes) throw new FormatError(`${place}.${key}`, `${bytes} bytes, not ${value.length}`);
  return isZero(value) ? {} : { [field]: value };
}

function readHex(value: unknown, place: string): Uint8Array {
  if (typeof value !== "string") throw new FormatError(place, "hexadecimal text");
  try {
    return fromHex(value);
  } catch (error) {
    throw new FormatError(place, `hexadecimal text; ${(error as Error).message}`);
  }
}

/** The time stamp is written for every variable that has one, and for every one that must (attribute bit 0x20). */
function entryOf(variable: Variable, timeKey: "time" | "timestamp"): JsonObject {
  const { name, guid, attributes, data, stamp, digest } = variable;
  const isStamped = (attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0 || !isZero(stamp);
  return {
    name,
    guid,
    attr: withoutMark(attributes),
    ...(isStamped ? { [timeKey]: toHex(stamp ?? new Uint8Array(STAMP_BYTES)) } : {}),
    data: toHex(data),
    ...(digest === undefined || isZero(digest) ? {} : { digest: toHex(digest) }),
  };
}

/** The tree with other variables: the object of one that is as before stays, with keys of others in it. */
function changed(
  tree: JsonTree,
  entries: readonly unknown[],
  old: readonly Variable[],
  variables: readonly Variable[],
) {
  const places = new Map(old.map((variable, n) => [keyOf(variable), n]));
  const timeKey = entries.some((entry) => isObject(entry) && "timestamp" in entry) ? "timestamp" : "time";
  const held = new Set(heldUnder(LIMITS, variables));
  const list = variables.flatMap((variable) => {
    const n = places.get(keyOf(variable));
    if (n !== undefined && areSame(old[n] as Variable, variable)) return [entries[n]];
    return held.has(variable) ? [entryOf(variable, timeKey)] : [];
  });
  return { ...tree, value: isObject(tree.value) ? { ...tree.value, variables: list } : list };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
