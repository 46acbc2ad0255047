import * as layout from "../assembly/abi/layout.ts";
import * as record from "../assembly/abi/record.ts";
import * as sched from "../assembly/abi/sched.ts";
import { EfiCode, Reason } from "../assembly/abi/status.ts";
import { GUID_NAMES } from "./guid.ts";
import { efiStatus, reasonText, statusName } from "./status.ts";

/** What the C library knows of the core's memory, by name. */
export const coreConstants = { ...layout, ...record, ...sched, OUT_OF_RESOURCES: EfiCode.OutOfResources };

/** What the C library says and reads in words: names of EFI codes and reasons' texts by number, short names and their GUIDs. */
export const coreWords = {
  STATUS_NAMES: byNumber(EfiCode, (code) => statusName(efiStatus(code))),
  REASON_TEXTS: byNumber(Reason, reasonText),
  GUID_NAMES: Object.keys(GUID_NAMES),
  GUID_TEXTS: Object.values(GUID_NAMES),
};

/** The texts of an enum's members, each at its member's number. */
function byNumber<T extends number>(members: Record<string, string | T>, text: (member: T) => string): string[] {
  const texts: string[] = [];
  for (const member of Object.values(members)) if (typeof member === "number") texts[member] = text(member);
  return texts;
}
