import type { Statement } from "./fuzz-core.ts";

/** Statements of the core that no sequence of calls, boots and cuts of power comes to. */
interface Exclusion {
  file: string;
  /** Functions; without it the whole file. */
  within?: readonly string[];
  /** How the statements begin; without it all of them. */
  beginning?: readonly string[];
  why: string;
}

const FOREIGN = "guest memory that is not the core's own: the host's choice";
const WRITE_THROUGH = "a file behind the flash: the host's choice";
const FORCED = "a status that the host forces";

/**
 * What is left out where it is told how much of the core was reached, and why. What a guest could come to and the fuzzer does
 * not is no part of it.
 */
export const OUT_OF_REACH: readonly Exclusion[] = [
  { file: "assembly/sched-op.ts", why: "another hypercall" },
  { file: "assembly/store/mark.ts", why: "the journal by which the host goes back" },
  {
    file: "assembly/guest.ts",
    within: ["viewForeign", "viewForeignName", "nextPlace", "heapEnd", "canRead", "read", "bytesToTop"],
    why: FOREIGN,
  },
  {
    file: "assembly/guest.ts",
    beginning: ["return copyOut(", "return write(guest + newBytes", "return viewForeign"],
    why: FOREIGN,
  },
  {
    file: "assembly/services/capsule-list.ts",
    beginning: ["return refuse(EfiCode.BufferTooSmall, Reason.CapsulesTooLarge)"],
    within: ["toBlock"],
    why: FOREIGN,
  },
  {
    file: "assembly/dispatch.ts",
    within: ["checkCall", "checkMisc", "checkVariable", "checkSetVariable", "checkNextName", "checkCapsule"],
    why: FORCED,
  },
  { file: "assembly/dispatch.ts", beginning: ["return -checkCall()"], why: FORCED },
  { file: "assembly/boot.ts", within: ["attach"], why: "a start without a boot: the host's choice" },
  {
    file: "assembly/boot.ts",
    within: ["bootWrite"],
    beginning: ["return EfiCode.InvalidParameter"],
    why: "a name of the host's with a terminator in it",
  },
  {
    file: "assembly/store/flash.ts",
    within: ["programWatched"],
    beginning: [
      "let first",
      "while (",
      "first++",
      "end--",
      "memory.copy(to + first",
      "if (end > first)",
      "flashWritten(",
    ],
    why: WRITE_THROUGH,
  },
  { file: "assembly/store/flash.ts", beginning: ["flashWritten(", "flashSync("], why: WRITE_THROUGH },
];

/** Why the statement is out of reach, undefined where it is not; `text`: its line from its first character on. */
export function whyOutOfReach({ file, within }: Statement, text: string): string | undefined {
  return OUT_OF_REACH.find(
    (exclusion) =>
      exclusion.file === file &&
      (exclusion.within?.includes(within) ?? true) &&
      (exclusion.beginning?.some((beginning) => text.startsWith(beginning)) ?? true),
  )?.why;
}
