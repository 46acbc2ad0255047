import { type ExecFileSyncOptions, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach } from "vitest";
import { missing, PATH, type Package, PYTHONPATH, type Tool } from "./packages.ts";

/**
 * Says what the tests of a file, or of a describe, need. Where something of it is missing, they are skipped, with a note
 * that names it; in CI they fail.
 */
export function need(...packages: Package[]): void {
  const note = packages.flatMap(missing).join("; ");
  if (note === "") return;
  const mustFail = process.env.CI === "true";
  // Reporters leave the notes of skipped tests out.
  if (!mustFail) console.warn(`skipped: ${note}`);
  beforeEach(({ skip }) => {
    if (mustFail) throw new Error(note);
    skip(note);
  });
}

/** Where the tools of a test file put what they make. */
const FOLDER = mkdtempSync(join(tmpdir(), "xenefi-interop-"));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

let count = 0;

/** What extensions a certificate can have, as openssl's configuration says it. */
const EXTENSIONS = {
  authority: "basicConstraints=critical,CA:TRUE",
  "no authority": "basicConstraints=critical,CA:FALSE",
  "authority over ends": "basicConstraints=critical,CA:TRUE,pathlen:0",
  "no certificate signing": "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature",
  "certificate signing": "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign",
  "certificate signing alone": "keyUsage=critical,keyCertSign",
  "digital signature alone": "keyUsage=critical,digitalSignature",
  "for servers": "basicConstraints=critical,CA:TRUE\nextendedKeyUsage=critical,serverAuth",
  "unknown, critical": "basicConstraints=critical,CA:TRUE\n1.2.3.4.5=critical,DER:05:00",
  unknown: "basicConstraints=critical,CA:TRUE\n1.2.3.4.5=DER:05:00",
  identifier: "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash",
};

// The computer's own configuration stays out of it.
const OPENSSL_CONF = file(
  [
    "[req]\ndistinguished_name=name\n[name]",
    ...Object.entries(EXTENSIONS).map(([name, lines]) => `[${name}]\n${lines}`),
    "",
  ].join("\n"),
);
/** The environment in which tools run. */
export const ENVIRONMENT = { PATH, PYTHONPATH, TZ: "UTC", LC_ALL: "C", OPENSSL_CONF };
const OPTIONS: ExecFileSyncOptions = {
  cwd: FOLDER,
  env: ENVIRONMENT,
  stdio: ["ignore", "pipe", "pipe"],
  timeout: 60_000,
  killSignal: "SIGKILL",
};

/** A tool said no. */
export class ToolError extends Error {}

/** Runs a tool; what it printed. A ToolError has what a failed one said. */
export function run(tool: Tool, ...args: string[]): string {
  return runWith({}, tool, ...args);
}

/** Runs a tool with these variables of the environment, or this on its standard input. */
export function runWith({ env, input }: { env?: NodeJS.ProcessEnv; input?: string }, tool: Tool, ...args: string[]) {
  const options = {
    ...OPTIONS,
    env: { ...ENVIRONMENT, ...env },
    ...(input !== undefined && { input, stdio: "pipe" as const }),
  };
  try {
    return String(execFileSync(tool, args, options));
  } catch (error) {
    const { status, stdout, stderr } = error as { status?: number | null; stdout?: Buffer; stderr?: Buffer };
    if (typeof status !== "number") throw error;
    throw new ToolError(`${tool} ${args.join(" ")} failed\n${stdout}${stderr}`);
  }
}

/** A file name that no tool has been given yet. */
export function fresh(): string {
  return join(FOLDER, String(count++));
}

/** Puts bytes into a new file; with an extension for tools that look at it. */
export function file(bytes: Uint8Array | string, extension = ""): string {
  const path = fresh() + extension;
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

export interface KeyOptions {
  /** The key that signs the certificate; without it the own one does. */
  issuer?: Key | undefined;
  /** The name that the certificate bears, if it is another. */
  subject?: string;
  extensions?: keyof typeof EXTENSIONS;
}

/** The key of a name, made by openssl at first use. */
export function keyOf(name: string, { issuer, subject = name, extensions = "authority" }: KeyOptions = {}): Key {
  const known = keys.get(name);
  if (known !== undefined) return known;
  const [key, request, certificate] = [fresh(), fresh(), fresh()];
  const pair = ["-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", `/CN=${subject}/`];
  run("openssl", "req", "-new", ...pair, "-out", request);
  const by = ["-CA", issuer?.certificate ?? "", "-CAkey", issuer?.key ?? "", "-CAcreateserial"];
  const signer = issuer === undefined ? ["-signkey", key] : by;
  const content = ["-sha256", "-days", "30", "-extfile", OPENSSL_CONF, "-extensions", extensions];
  run("openssl", "x509", "-req", "-in", request, ...signer, ...content, "-out", certificate);
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
