import { type Field, prefixed, putBytes, unsignedAt } from "./node-field.ts";

/**
 * Extended ACPI nodes (UEFI 2.10, 10.3.3): _HID, _UID and _CID as numbers of 4 bytes, then as NUL-terminated text in
 * the same order; a text that is not empty counts instead of the number.
 */
const NAMES = ["hid", "uid", "cid"] as const;
const STRINGS_OFFSET = 12;
type Name = (typeof NAMES)[number];

function read(body: Uint8Array, name: Name): string {
  const index = NAMES.indexOf(name);
  const texts = new TextDecoder().decode(body.subarray(STRINGS_OFFSET)).split("\0", NAMES.length);
  return texts[index] || `0x${unsignedAt(body, 4 * index, 4).toString(16)}`;
}

function write(values: Partial<Record<Name, string>>, body: number[]): void {
  let strings = "";
  for (const [i, name] of NAMES.entries()) {
    const value = values[name] ?? "";
    const isNumber = value.startsWith("0x");
    if (isNumber) prefixed(4 * i, 4).write(value, body);
    strings += `${isNumber ? "" : value}\0`;
  }
  putBytes(body, STRINGS_OFFSET, new TextEncoder().encode(strings));
}

/** One of the names, the others left empty. */
export function acpiName(name: Name): Field {
  return { read: (body) => read(body, name), write: (text, body) => write({ [name]: text }, body) };
}

/** All three, as _HID, _CID, _UID. */
export const acpiNames: Field = {
  read: (body) => `${read(body, "hid")},${read(body, "cid")},${read(body, "uid")}`,
  write: (text, body) => {
    const [hid, cid, uid, ...more] = text.split(",");
    if (hid === undefined || cid === undefined || uid === undefined || more.length > 0) {
      throw new SyntaxError(`${JSON.stringify(text)} is not _HID, _CID and _UID`);
    }
    write({ hid, cid, uid }, body);
  },
  greedy: true,
};

/** Numbers of 4 bytes up to the end: _ADR of the devices (UEFI 2.10, 10.3.3). */
export const acpiAddresses: Field = {
  read: (body) =>
    Array.from({ length: Math.floor(body.length / 4) }, (_, i) => prefixed(4 * i, 4).read(body)).join(","),
  write: (text, body) => {
    for (const [i, address] of text.split(",").entries()) prefixed(4 * i, 4).write(address, body);
  },
  greedy: true,
};
