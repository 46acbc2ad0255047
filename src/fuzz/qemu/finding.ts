import type { Verifier } from "../../crypto/verifier.ts";
import type { Trace } from "../../trace/format.ts";
import type { Difference } from "../../trace/replay.ts";
import type { Device } from "./firmware.ts";
import { type KnownDifference, knownDifference } from "./known-differences.ts";
import { compare } from "./recording.ts";
import { shrink } from "./shrink.ts";

/** A difference between QEMU and a machine of its personality. */
export interface Finding {
  /** The calls that lead to it, with QEMU's answers: `xenefi replay` tells the same differences without QEMU. */
  trace: Trace;
  differences: readonly Difference[];
  /** Undefined: it is news, and the trace is a minimal one. */
  known: KnownDifference | undefined;
}

/** What came of a trace's calls. */
export interface Examination {
  /** Calls that QEMU was asked, those of a search for fewer aside. */
  asked: number;
  /** Undefined: QEMU and the machine agree in all of them. */
  finding: Finding | undefined;
}

/** Plays a trace's calls on both. Of a difference that is news, the calls that it does not need are left out. */
export async function examine(trace: Trace, device: Device, verifier?: Verifier): Promise<Examination> {
  const found = await compare(trace, device, verifier);
  const { asked, differences } = found;
  if (differences.length === 0) return { asked, finding: undefined };
  const known = knownDifference(found.trace, differences);
  if (known !== undefined) return { asked, finding: { trace: found.trace, differences, known } };
  const isSame = async (fewer: Trace) => {
    const again = await compare(fewer, device, verifier);
    return again.differences.length > 0 && hallmark(again.differences) === hallmark(differences) && isNews(again);
  };
  const minimal = await compare(await shrink(trace, isSame), device, verifier);
  return { asked, finding: { trace: minimal.trace, differences: minimal.differences, known: undefined } };
}

function isNews({ trace, differences }: { trace: Trace; differences: readonly Difference[] }): boolean {
  return knownDifference(trace, differences) === undefined;
}

/** What stays of a difference while calls before it are left out. */
function hallmark(differences: readonly Difference[]): string {
  return differences.map(({ fn, field }) => `${fn} ${field}`).join();
}
