import { Command } from "commander";
import { attributesText } from "../../attributes.ts";
import type { Reply } from "../../client.ts";
import { nodeVerifier } from "../../crypto/node-verifier.ts";
import { NO_OWNER } from "../../secure-boot/content.ts";
import { enroll } from "../../secure-boot/enroll.ts";
import { planEnrolment, type Update } from "../../secure-boot/plan.ts";
import { nextBootStatus, type SecureBootStatus, secureBootLine, secureBootStatus } from "../../secure-boot/status.ts";
import { addEditOptions, type EditOptions, editStore, isStreamed } from "../edit.ts";
import { type EnrolmentOptions, readChanges, readSigners, readStamp } from "../enrolment.ts";
import type { Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { addStore, openStore } from "../store.ts";

type Options = EditOptions & EnrolmentOptions & { append?: boolean; time?: string };

/** What was done. */
interface Outcome {
  updates: Update[];
  /** At run time, where SecureBoot waits for a boot. */
  now: SecureBootStatus;
  nextBoot: SecureBootStatus;
}

const HELP = `
A file is a certificate (PEM or DER), signature lists (.esl) or an update that is signed already (.auth), by its content.
In setup mode nothing needs a key, but that older firmware (OVMF 2022.11) wants PK to be signed by itself.`;

/** `xenefi sb enroll STORE`: keys through the emulated SetVariable, all of them or none. */
export function sbEnrollCommand(io: Io): Command {
  const about = "write keys through the emulated SetVariable: dbt, dbx, db, KEK, then PK; all of them or none";
  const command = addStore(new Command("enroll").description(about));
  for (const name of ["PK", "KEK", "db", "dbx", "dbt"]) {
    command.option(`--${name.toLowerCase()} <file>`, `what ${name} is to hold; can be repeated`, collect);
  }
  for (const name of ["db", "dbx"]) {
    const what = `SHA-256 digest of an image for ${name}, or @FILE for a PE image; can be repeated`;
    command.option(`--${name}-hash <digest>`, what, collect);
  }
  command
    .option("--remove <variable>", "delete PK, KEK, db, dbx or dbt; can be repeated", collect)
    .option("--pk-key <file>", "private key of a certificate in --pk or in the store's PK")
    .option("--kek-key <file>", "private key of one in KEK, signs dbt, dbx and db (default: --pk-key)")
    .option("--passphrase-file <file>", "its first line opens encrypted keys")
    .option("--append", "add to what is there in place of replacing it; PK is replaced in any case")
    .option("--time <time>", "time stamp of what is signed, YYYY-MM-DDThh:mm:ss in UTC (default: now)")
    .option("--owner <guid>", "owner of certificates and digests", NO_OWNER)
    .addHelpText("after", HELP);
  return addEditOptions(command).action((path: string, _: Options, self: Command) => {
    const options = self.optsWithGlobals<Options>();
    const outcome = enrollInto(path, options, io);
    if (!options.quiet && !options.json) io.err(describe(outcome));
    if (options.json && !isStreamed(path, options)) {
      io.out(jsonLine({ schema: "xenefi.sb-enroll/1", file: path, ...jsonOf(outcome) }));
    }
  });
}

function collect(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}

function enrollInto(path: string, options: Options, io: Io): Outcome {
  const time = readStamp(options.time);
  const changes = readChanges(options);
  const outcomes: Outcome[] = [];
  editStore(openStore(path, options), options, io, (client) => {
    const signers = readSigners(options, client, changes);
    const append = options.append === true;
    const updates = planEnrolment(changes, { time, append, signers, verifier: nodeVerifier });
    const replies = enroll(client, updates);
    const variables = client.machine.variables();
    outcomes.push({ updates, now: secureBootStatus(variables), nextBoot: nextBootStatus(variables) });
    return replies.at(-1) as Reply;
  });
  return outcomes[0] as Outcome;
}

function describe({ updates, now, nextBoot }: Outcome): string {
  const lines = updates.map(({ name, attributes, data, isSigned }) => {
    const signed = isSigned ? "signed" : "not signed";
    return `${name}: ${attributesText(attributes)}, ${data.length} bytes, ${signed}`;
  });
  return [...lines, secureBootLine(now), `after the next boot: ${secureBootLine(nextBoot)}`, ""].join("\n");
}

function jsonOf({ updates, now, nextBoot }: Outcome) {
  const calls = updates.map(({ name, guid, attributes, data, isSigned }) => {
    return { name, guid, attr: attributes, size: data.length, signed: isSigned };
  });
  return { updates: calls, now, nextBoot };
}
