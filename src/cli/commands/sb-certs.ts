import { Command } from "commander";
import { type Certificate, readCertificate } from "../../decoders/certificate.ts";
import { ownerName, readSignatureLists, signatureTypeName } from "../../decoders/signature-list.ts";
import { toHex } from "../../hex.ts";
import type { Machine } from "../../machine.ts";
import { KEY_GUIDS, KEY_NAMES, type KeyName } from "../../secure-boot/keys.ts";
import { attached } from "../attached.ts";
import type { Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { addStore, openStore, type StoreOptions } from "../store.ts";
import { table } from "../table.ts";

interface Options extends StoreOptions {
  all?: boolean;
}

/** A signature, or what is wrong with the rest of a variable's value. */
interface Entry {
  variable: KeyName;
  type?: string;
  owner?: string;
  certificate?: Certificate;
  /** Of what is no certificate; hexadecimal. */
  data?: string;
  fault?: string;
}

/** `xenefi sb certs STORE`: certificates and digests in PK, KEK, db, dbx and dbt. */
export function sbCertsCommand(io: Io): Command {
  return addStore(new Command("certs").description("the certificates and digests that the store's keys consist of"))
    .option("--all", "a line for each digest")
    .action((path: string, _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const machine = attached(openStore(path, options));
      const entries = KEY_NAMES.toReversed().flatMap((name) => entriesOf(machine, name));
      if (options.json) {
        io.out(jsonLine({ schema: "xenefi.sb-certs/1", file: path, signatures: entries }));
      } else if (entries.length === 0) io.out("no keys\n");
      else io.out(describe(entries, options.all === true));
    });
}

function entriesOf(machine: Machine, variable: KeyName): Entry[] {
  const data = machine.variable(variable, KEY_GUIDS[variable])?.data ?? new Uint8Array(0);
  const { lists, fault } = readSignatureLists(data);
  const entries = lists.flatMap(({ type, signatures }) =>
    signatures.map((signature): Entry => {
      return { variable, type: signatureTypeName(type), owner: signature.owner, ...contentOf(type, signature.data) };
    }),
  );
  return fault === undefined ? entries : [...entries, { variable, fault: fault.message }];
}

function contentOf(type: string, data: Uint8Array): Pick<Entry, "certificate" | "data"> {
  const certificate = signatureTypeName(type) === "X.509" ? readCertificate(data) : undefined;
  return certificate === undefined ? { data: toHex(data) } : { certificate };
}

function describe(entries: readonly Entry[], all: boolean): string {
  const head = ["variable", "type", "owner", "SHA-256", "valid", "key", "subject"];
  const shown = all ? entries : entries.filter((entry) => !isDigest(entry));
  const lines = KEY_NAMES.toReversed().map((name) => {
    const left = entries.filter((entry) => entry.variable === name && !shown.includes(entry)).length;
    return left === 0 ? "" : `${name}: digests left out: ${left} (--all shows them)\n`;
  });
  return table([head, ...shown.map(row)]) + lines.join("");
}

function isDigest({ type, data }: Entry): boolean {
  return data !== undefined && type !== "X.509";
}

function row({ variable, type = "", owner = "", certificate, data = "", fault }: Entry): string[] {
  if (fault !== undefined) return [variable, "malformed", fault];
  const front = [variable, type, ownerName(owner)];
  if (certificate === undefined) return [...front, data];
  const { thumbprint, notBefore, notAfter, key, subject } = certificate;
  return [...front, thumbprint, `${notBefore.slice(0, 10)} to ${notAfter.slice(0, 10)}`, key, subject];
}
