import { type ExecFileSyncOptions, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** The tools and the Debian packages that have them. */
const PACKAGES = {
  openssl: "openssl",
  "cert-to-efi-hash-list": "efitools",
  "cert-to-efi-sig-list": "efitools",
  "hash-to-efi-sig-list": "efitools",
  "sig-list-to-certs": "efitools",
  "sign-efi-sig-list": "efitools",
  sbkeysync: "sbsigntool",
  sbsiglist: "sbsigntool",
  sbvarsign: "sbsigntool",
};

export type Tool = keyof typeof PACKAGES;

/** Where the tools of a test file put what they make. */
export const FOLDER = mkdtempSync(join(tmpdir(), "xenefi-interop-"));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

let count = 0;

// The machine's own configuration stays out of it; some of these tools take local time for UTC.
const OPENSSL_CONF = file(
  "[req]\ndistinguished_name=dn\nx509_extensions=ca\n[dn]\n[ca]\nbasicConstraints=critical,CA:TRUE\n",
);
const OPTIONS: ExecFileSyncOptions = {
  cwd: FOLDER,
  env: { PATH: process.env.PATH, TZ: "UTC", LC_ALL: "C", OPENSSL_CONF },
  stdio: ["ignore", "pipe", "pipe"],
};

/** Runs a tool; what it printed. An error names the package of a tool that is missing, or has what a failed one said. */
export function run(tool: Tool, ...args: string[]): string {
  try {
    return String(execFileSync(tool, args, OPTIONS));
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: string; stdout?: Buffer; stderr?: Buffer };
    if (code === "ENOENT") throw new Error(`${tool} is missing: apt-get install ${PACKAGES[tool]}`);
    throw new Error(`${tool} ${args.join(" ")} failed\n${stdout}${stderr}`);
  }
}

/** A file name that no tool has been given yet. */
export function fresh(): string {
  return join(FOLDER, String(count++));
}

/** Puts bytes into a new file. */
export function file(bytes: Uint8Array | string): string {
  const path = fresh();
  writeFileSync(path, bytes);
  return path;
}

/** What a tool writes that takes the output's name as its last argument. */
export function output(tool: Tool, ...args: string[]): Uint8Array {
  const path = fresh();
  run(tool, ...args, path);
  return read(path);
}

export function read(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}

/** Paths of a private key and its certificate, PEM, and the certificate's DER. */
export interface Key {
  key: string;
  certificate: string;
  der: Uint8Array;
}

const keys = new Map<string, Key>();

/**
 * The key of a name, made by openssl once per test file. `issuer` signs its certificate, or else it does so itself; the
 * certificate may bear another name.
 */
export function keyOf(name: string, issuer?: string, subject = name): Key {
  const known = keys.get(name);
  if (known !== undefined) return known;
  const [key, certificate] = [fresh(), fresh()];
  const by = issuer === undefined ? undefined : keyOf(issuer);
  const self = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-sha256", "-subj", `/CN=${subject}/`, "-keyout", key];
  if (by === undefined) {
    run("openssl", ...self, "-x509", "-days", "30", "-out", certificate);
  } else {
    const request = fresh();
    run("openssl", ...self, "-out", request);
    const from = ["-in", request, "-CA", by.certificate, "-CAkey", by.key, "-CAcreateserial", "-days", "30"];
    run("openssl", "x509", "-req", ...from, "-out", certificate);
  }
  const made = { key, certificate, der: output("openssl", "x509", "-in", certificate, "-outform", "DER", "-out") };
  keys.set(name, made);
  return made;
}

/** How a CMS message is built. */
export interface Shape {
  outer: "ContentInfo" | "SignedData";
  signs: "signed attributes" | "the message";
}

/** The shape of the CMS message in a signed update, as openssl reads it. */
export function shapeOf(update: Uint8Array): Shape {
  const length = new DataView(update.buffer, update.byteOffset).getUint32(16, true);
  const dump = run("openssl", "asn1parse", "-inform", "DER", "-in", file(update.subarray(40, 16 + length)));
  return {
    outer: dump.includes(":pkcs7-signedData") ? "ContentInfo" : "SignedData",
    signs: dump.includes(":messageDigest") ? "signed attributes" : "the message",
  };
}
