import { Reason } from "../../assembly/abi/status.ts";
import type { Client, Reply } from "../client.ts";
import { readTime, timeText } from "../time.ts";
import type { Update } from "./plan.ts";

/**
 * Makes the calls of a plan; what the firmware answered to each, up to the first refusal, whose reason names the variable
 * and says what was missing. What went before it stays written: machine and store are the caller's.
 */
export function enroll(client: Client, plan: readonly Update[]): Reply[] {
  const replies: Reply[] = [];
  for (const update of plan) {
    const { name, guid, attributes, data } = update;
    const reply = client.setVariable(name, guid, attributes, data);
    replies.push(reply.ok ? reply : { ...reply, reason: explain(client, update, reply) });
    if (!reply.ok) break;
  }
  return replies;
}

function explain(client: Client, update: Update, { reason }: Reply): string {
  const detail = detailOf(client, update);
  return `${update.name}: ${reason}${detail === "" ? "" : ` (${detail})`}`;
}

function detailOf({ machine }: Client, { name, guid, data, isSigned }: Update): string {
  if (machine.reason === Reason.StampNotLater) {
    const stored = machine.variable(name, guid)?.stamp;
    return stored === undefined ? "" : `stored ${stampText(stored)}, given ${stampText(data)}`;
  }
  if (machine.reason !== Reason.SignatureInvalid) return "";
  if (isSigned) return WHO_SIGNS[name];
  return `nobody has signed it; ${WHO_SIGNS[name]}`;
}

const BY_PLATFORM_KEY = "the certificate in PK must sign it, or in setup mode the PK itself";
const BY_EXCHANGE_KEY = "a certificate in KEK must sign it, or the one in PK";
const WHO_SIGNS = {
  PK: BY_PLATFORM_KEY,
  KEK: "the certificate in PK must sign it",
  db: BY_EXCHANGE_KEY,
  dbx: BY_EXCHANGE_KEY,
  dbt: BY_EXCHANGE_KEY,
};

/** Date and time of day of the 16 bytes in front; a stamp has no zone. */
function stampText(bytes: Uint8Array): string {
  const time = readTime(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0);
  return timeText({ ...time, tz: 2047 });
}
