import type { Client } from "../client.ts";
import type { Signer } from "../crypto/authenticated-write.ts";
import { identityOf, readKey } from "../crypto/identity.ts";
import { imageDigest } from "../crypto/image-digest.ts";
import { signVariable } from "../crypto/signer.ts";
import { readBytes } from "../files/bytes.ts";
import { findGuid } from "../guid.ts";
import { fromHex } from "../hex.ts";
import { certificatesOf, digestList, readContent } from "../secure-boot/content.ts";
import { KEY_GUIDS, KEY_NAMES, type KeyName } from "../secure-boot/keys.ts";
import type { Change, Signers } from "../secure-boot/plan.ts";
import { type EfiTime, parseTime, secondsOfTime, timeOfSeconds, timeText } from "../time.ts";
import { CommandError, Exit } from "./io.ts";
import { named, readInput } from "./store.ts";

/** What the command line says of an enrolment. */
export interface EnrolmentOptions {
  /** Files of the variables, under their names in lower case. */
  pk?: string[];
  kek?: string[];
  db?: string[];
  dbx?: string[];
  dbt?: string[];
  /** Digests, or "@" and an image's file. */
  dbHash?: string[];
  dbxHash?: string[];
  /** Variables to be deleted. */
  remove?: string[];
  /** Files of private keys. */
  pkKey?: string;
  kekKey?: string;
  /** A file whose first line is the passphrase of encrypted keys. */
  passphraseFile?: string;
  /** Owner of certificates and digests. */
  owner: string;
}

/** Reads all that is to be enrolled. Errors name the file or the option. */
export function readChanges(options: EnrolmentOptions): Change[] {
  const owner = findGuid(options.owner);
  if (owner === undefined) throw usage(`--owner: ${JSON.stringify(options.owner)} is no GUID`);
  const removed = (options.remove ?? []).map((name) => ({ name: keyName(name), lists: new Uint8Array(0) }));
  const contents = KEY_NAMES.flatMap((name) =>
    filesOf(options, name).map((path) => ({ name, ...named(path, () => readContent(readBytes(path), owner)) })),
  );
  const digests = { db: options.dbHash, dbx: options.dbxHash };
  const hashes = (["db", "dbx"] as const).flatMap((name) =>
    digests[name] === undefined ? [] : [{ name, lists: digestList(digests[name].map(readDigest), owner) }],
  );
  const changes = [...removed, ...contents, ...hashes];
  if (changes.length === 0) throw usage("say what to enrol, such as --db FILE, or to --remove");
  const twice = removed.find(({ name }) => changes.filter((change) => change.name === name).length > 1);
  if (twice !== undefined) throw usage(`${twice.name} cannot both be removed and written`);
  return changes;
}

function filesOf(options: EnrolmentOptions, name: KeyName): string[] {
  return options[name.toLowerCase() as "pk" | "kek" | "db" | "dbx" | "dbt"] ?? [];
}

function keyName(text: string): KeyName {
  const name = KEY_NAMES.find((known) => known.toLowerCase() === text.toLowerCase());
  if (name === undefined) throw usage(`--remove: PK, KEK, db, dbx or dbt, not ${JSON.stringify(text)}`);
  return name;
}

function readDigest(text: string): Uint8Array {
  if (text.startsWith("@")) return named(text.slice(1), () => imageDigest(readBytes(text.slice(1))));
  if (!/^[0-9a-f]{64}$/i.test(text)) throw usage(`a digest has 64 hexadecimal digits: ${JSON.stringify(text)}`);
  return fromHex(text);
}

/** Reads the private keys and finds the certificate of each: among those to be enrolled and those in the store. */
export function readSigners(options: EnrolmentOptions, client: Client, changes: readonly Change[]): Signers {
  const passphrase = options.passphraseFile === undefined ? undefined : firstLine(options.passphraseFile);
  const signer = (path: string | undefined, name: "PK" | "KEK"): Signer | undefined => {
    if (path === undefined) return undefined;
    const key = named(path, () => readKey(readBytes(path), passphrase));
    const identity = identityOf(key, candidates(client, name, changes));
    if (identity !== undefined) return (write) => signVariable(write, identity);
    throw usage(`${path}: the key belongs to no certificate of ${name}, neither a given nor a stored one`);
  };
  return { platform: signer(options.pkKey, "PK"), exchange: signer(options.kekKey, "KEK") };
}

/** The store's own come first: they are what counts where there are any. */
function candidates(client: Client, name: "PK" | "KEK", changes: readonly Change[]): Uint8Array[] {
  const stored = client.machine.variable(name, KEY_GUIDS[name])?.data ?? new Uint8Array(0);
  const given = changes.flatMap((change) => (change.name === name && "lists" in change ? [change.lists] : []));
  return [stored, ...given].flatMap(certificatesOf);
}

function firstLine(path: string): string {
  return new TextDecoder().decode(readInput(path)).split(/\r?\n/, 1)[0] as string;
}

/** The time stamp of "2024-03-05T12:00:00", UTC; without text of now. */
export function readStamp(text: string | undefined): EfiTime {
  const now = Math.floor(Date.now() / 1000);
  const time = text === undefined ? timeOfSeconds(now) : parseDate(text);
  return { ...time, tz: 0 };
}

function parseDate(text: string): EfiTime {
  try {
    const time = parseTime(text);
    // A field beyond its limit would run over into the next; years before 100 count from 1900.
    if (timeText(timeOfSeconds(secondsOfTime(time))) === text) return time;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw usage(`--time: ${error.message}`);
  }
  throw usage(`--time: ${text} is no date`);
}

function usage(message: string): CommandError {
  return new CommandError(Exit.Usage, message);
}
