import { BYTE_DIGITS } from "./hex.ts";

/** Text form of a GUID: lower case, 8-4-4-4-12 digits. */
const FORM = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The 16 bytes of a GUID as UEFI stores it: the first three groups little-endian. Throws a SyntaxError. */
export function guidBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  let digits = text.length === TEXT_LENGTH ? 0 : -1;
  for (const place of DASHES) digits |= text.charCodeAt(place) === DASH ? 0 : -1;
  for (let i = 0; i < 16; i++) {
    const place = PLACES[i] as number;
    const byte = (digitOf(text.charCodeAt(place)) << 4) | digitOf(text.charCodeAt(place + 1));
    digits |= byte;
    bytes[i] = byte;
  }
  if (digits < 0) throw new SyntaxError(`${JSON.stringify(text)} is no GUID (8-4-4-4-12 hexadecimal digits)`);
  return bytes;
}

/** Writes the 16 bytes at `offset`. Throws as guidBytes. */
export function writeGuid(view: DataView, offset: number, text: string): void {
  const words = written.get(text) ?? wordsOf(text);
  for (let i = 0; i < 4; i++) view.setUint32(offset + 4 * i, words[i] as number, true);
}

/** The words of GUIDs that were written, by their text: callers write few of them, again and again. */
const written = new Map<string, readonly number[]>();
const WRITTEN_MAX = 64;

function wordsOf(text: string): readonly number[] {
  const view = new DataView(guidBytes(text).buffer);
  const words = [0, 4, 8, 12].map((at) => view.getUint32(at, true));
  if (written.size === WRITTEN_MAX) written.clear();
  written.set(text, words);
  return words;
}

/** The value of a hexadecimal digit, or a negative number. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Text of the 16 bytes at `offset`. */
export function guidText(bytes: Uint8Array, offset = 0): string {
  let text = "";
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
    text += BYTE_DIGITS[bytes[offset + (ORDER[i] as number)] as number];
  }
  return text;
}

/** Where the n-th byte of the text form lies in the stored form, and the other way round. */
const ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

const TEXT_LENGTH = 36;
const DASH = 0x2d;
const DASHES = [8, 13, 18, 23];
/** Where the digits of each stored byte stand in the text. */
const PLACES = ORDER.map((byte) => 2 * byte + [4, 6, 8, 10].filter((group) => byte >= group).length);

/** EFI_GLOBAL_VARIABLE */
export const GLOBAL_GUID = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
/** EFI_IMAGE_SECURITY_DATABASE_GUID */
export const IMAGE_SECURITY_GUID = "d719b2cb-3d3a-4596-a3bc-dad00e67656f";
/** EFI_HARDWARE_ERROR_VARIABLE */
export const HARDWARE_ERROR_GUID = "414e6bdd-e47b-47cc-b244-bb61020cf516";
/** edk2 gEfiCertDbGuid */
export const CERT_DB_GUID = "d9bee56e-75dc-49d9-b4d7-b534210f637a";
/** edk2 gEfiCapsuleVendorGuid, of the variables CapsuleUpdateData… */
export const CAPSULE_VENDOR_GUID = "711c703f-c285-4b10-a3b0-36ecbd3c8be2";
/** edk2 gEfiSecureBootEnableDisableGuid */
export const SECURE_BOOT_ENABLE_GUID = "f0a30bc7-af08-4556-99c4-001009c93a44";

/** Short names of vendor GUIDs, as users of other tools know them. */
export const GUID_NAMES: Readonly<Record<string, string>> = {
  global: GLOBAL_GUID,
  security: IMAGE_SECURITY_GUID,
  shim: "605dab50-e046-4300-abb6-3dd810dd8b23",
  hwerr: HARDWARE_ERROR_GUID,
  certdb: CERT_DB_GUID,
  mtc: "eb704011-1402-11d3-8e77-00a0c969723b",
  rtc: "378d7b65-8da9-4773-b6e4-a47826a833e1",
  varerror: "04b37fe8-f6ae-480b-bdd5-37d98c5e89aa",
  secureboot: SECURE_BOOT_ENABLE_GUID,
  custommode: "c076ec0c-7028-4399-a072-71ee5c448b9f",
  vendorkeys: "9073e4e0-60ec-4b6e-9903-4c223c260f3c",
  memorytype: "4c19049f-4137-4dd3-9c10-8b97a83ffdfa",
};

/** The GUID of a short name or of a GUID's text, lower case; undefined if it is neither. */
export function findGuid(text: string): string | undefined {
  return FORM.test(text) ? text.toLowerCase() : GUID_NAMES[text.toLowerCase()];
}

/** Of two short names for one GUID the first counts. */
const NAMES = new Map(
  Object.entries(GUID_NAMES)
    .toReversed()
    .map(([name, guid]) => [guid, name]),
);

/** The short name of a GUID, or the GUID itself. */
export function guidName(guid: string): string {
  return NAMES.get(guid) ?? guid;
}
