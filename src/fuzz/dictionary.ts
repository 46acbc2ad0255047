import { FormatError } from "../formats/variable-set.ts";
import { guidBytes } from "../guid.ts";
import { toUcs2 } from "../ucs2.ts";
import type { Tables } from "./tables.ts";

/** One token of a dictionary; tokens need no name. */
export interface Token {
  name?: string;
  bytes: Uint8Array;
}

/** "name=" with what AFL++ allows behind it, a level ("name@1="); then the quoted value, and nothing else. */
const LINE = /^(?:([A-Za-z0-9_.-]+)(?:@\d+)?\s*=\s*)?"(.*)"$/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Reads a dictionary as libFuzzer and AFL++ take it: a token a line, `name="value"` or `"value"`, lines that begin with #
 * and empty ones left out, in a value the escapes \\ \" \xAB alone. Throws a FormatError that names line and column.
 */
export function parseDictionary(text: string): Token[] {
  return text.split(/\r?\n/).flatMap((line, i) => {
    const content = line.trim();
    return content === "" || content.startsWith("#") ? [] : [parseLine(line, i + 1)];
  });
}

function parseLine(line: string, number: number): Token {
  const [, name, value] = LINE.exec(line.trim()) ?? [];
  if (value === undefined) throw new FormatError(`line ${number}`, 'name="value" or "value"');
  const bytes = parseValue(value, line.indexOf('"') + 2, number);
  if (bytes.length === 0) throw new FormatError(`line ${number}`, "a token of at least 1 byte");
  return name === undefined ? { bytes } : { name, bytes };
}

/** `column` is that of the value's first character, from 1. */
function parseValue(value: string, column: number, number: number): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0; at < value.length; ) {
    const fail = (expectation: string) => new FormatError(`line ${number}, column ${column + at}`, expectation);
    const code = value.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) throw fail(`printable ASCII, other bytes as \\xAB, not code ${code}`);
    if (code === QUOTE) throw fail('\\" for a quote in a token');
    const [, escaped, digits] = /^\\(?:([\\"])|x([0-9A-Fa-f]{2}))/.exec(value.slice(at, at + 4)) ?? [];
    if (code !== BACKSLASH) bytes.push(code);
    else if (escaped !== undefined) bytes.push(escaped.charCodeAt(0));
    else if (digits !== undefined) bytes.push(Number.parseInt(digits, 16));
    else throw fail(`one of \\\\, \\" and \\xAB, not ${value.slice(at, at + 2)}`);
    at += code !== BACKSLASH ? 1 : escaped !== undefined ? 2 : 4;
  }
  return Uint8Array.from(bytes);
}

/** The tokens as a dictionary's text, a line each. */
export function formatDictionary(tokens: readonly Token[]): string {
  return tokens.map(({ name, bytes }) => `${name === undefined ? "" : `${name}=`}"${escaped(bytes)}"\n`).join("");
}

function escaped(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    if (byte === QUOTE || byte === BACKSLASH) return `\\${String.fromCharCode(byte)}`;
    const isPlain = byte >= 0x20 && byte <= 0x7e;
    return isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0").toUpperCase()}`;
  }).join("");
}

/** Longer names and contents are found by repeating shorter ones, and AFL++ takes no token of more than 128 bytes. */
const TOKEN_BYTES_MAX = 128;

/** Words of 32 bits that the hypercall and the services know: attributes, function numbers, sizes, commands. */
const WORDS: Readonly<Record<string, readonly number[]>> = {
  attributes: [1, 2, 3, 4, 6, 7, 0x0f, 0x17, 0x27, 0x47, 0x67, 0x87, 0x80000000],
  function: [5, 8, 9, 10, 11],
  size: [0, 1024, 0x8400, 0x10000, 0x7fffffff, 0xffffffff],
  command: [49, 50, 0x03000001],
};

/** What files and descriptors begin with, or must have in them. */
const MAGICS: Readonly<Record<string, readonly number[]>> = {
  record_start: [0xaa, 0x55],
  record_added: [0xaa, 0x55, 0x3f, 0],
  record_deleted: [0xaa, 0x55, 0x3c, 0],
  volume: [0x5f, 0x46, 0x56, 0x48],
  device_tree: [0xd0, 0x0d, 0xfe, 0xed],
  path_end: [0x7f, 0xff, 4, 0],
  /** WIN_CERTIFICATE: length, revision 2.0, type PKCS_SIGNED_DATA or EFI_GUID; EFI_CERT_TYPE_PKCS7_GUID. */
  certificate_guid: [0, 2, 0xf1, 0x0e],
  certificate_pkcs: [0, 2, 2, 0],
  certificate_head: [0x18, 0, 0, 0, 0, 2, 0xf1, 0x0e],
  der_sequence_long: [0x30, 0x82],
  der_sequence_endless: [0x30, 0x80],
  der_set: [0x31, 0x0f],
  der_integer: [2, 1, 1],
  der_sha256: [0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0],
  der_signed_data: [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2],
};

const TEXTS: Readonly<Record<string, string>> = {
  aws: "AMZNUEFI",
  varstored: "VARS",
  uboot: "UbEfiVa",
  tar: "ustar",
  system_table: "IBI SYST",
  hello: "XEFI",
  trace: '"format":"xenefi-trace"',
};

/** GUIDs of signatures: EFI_CERT_SHA256, EFI_CERT_X509, EFI_CERT_TYPE_PKCS7. */
const SIGNATURE_GUIDS = [
  "c1c41626-504c-4092-aca9-41f936934328",
  "a5c059a1-94e4-4aa7-87b5-ab155c2bf072",
  "4aafd29d-68df-49ee-8aa9-347d375665a7",
];

/** The tokens of all targets, from the tables of sequences and from what the formats have in them; each once. */
export function tokensOf({ names, guids, contents }: Tables): Token[] {
  const tokens: Token[] = [
    ...names.map((name, i) => ({ name: `name_${wordOf(name) || i}`, bytes: toUcs2(name) })),
    ...[...guids, ...SIGNATURE_GUIDS].map((guid) => ({ name: `guid_${guid.slice(0, 8)}`, bytes: guidBytes(guid) })),
    ...contents.map((bytes, i) => ({ name: `content_${i}`, bytes })),
    ...Object.entries(WORDS).flatMap(([name, words]) =>
      words.map((word) => ({ name: `${name}_${word.toString(16)}`, bytes: wordBytes(word) })),
    ),
    ...Object.entries(MAGICS).map(([name, bytes]) => ({ name, bytes: Uint8Array.from(bytes) })),
    ...Object.entries(TEXTS).map(([name, text]) => ({ name, bytes: new TextEncoder().encode(text) })),
  ];
  const once = new Map(tokens.map((token) => [String(token.bytes), token]));
  return [...once.values()].filter(({ bytes }) => bytes.length > 0 && bytes.length <= TOKEN_BYTES_MAX);
}

/** What a token's name can have of a variable's. */
function wordOf(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, "");
}

function wordBytes(word: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, word, true);
  return bytes;
}
