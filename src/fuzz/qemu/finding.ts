import type { Verifier } from "../../crypto/verifier.ts";
import type { Trace } from "../../trace/format.ts";
import type { Difference } from "../../trace/replay.ts";
import type { Device } from "./firmware.ts";
import { type KnownDifference, knownDifference } from "./known-differences.ts";
import { type Comparison, compare } from "./recording.ts";
import { shrink } from "./shrink.ts";

/** A difference between QEMU and a machine of its personality that is news. */
export interface Finding {
  /** The calls that lead to it, with QEMU's answers: `xenefi replay` tells the same differences without QEMU. */
  trace: Trace;
  /** Of the call that is news. */
  differences: readonly Difference[];
}

/** What came of a trace's calls. */
export interface Examination {
  /** Calls that QEMU was asked, those of a search for fewer aside. */
  asked: number;
  /** Known differences, a call each, up to the finding. */
  known: readonly KnownDifference[];
  /** Undefined: nothing is news. */
  finding: Finding | undefined;
}

/** Plays a trace's calls on both. Of a difference that is news, the calls that it does not need are left out. */
export async function examine(trace: Trace, device: Device, verifier?: Verifier): Promise<Examination> {
  const found = await compare(trace, device, verifier);
  const { known, news } = sort(found);
  const { asked } = found;
  if (news === undefined) return { asked, known, finding: undefined };
  const isSame = async (fewer: Trace) => {
    const again = sort(await compare(fewer, device, verifier)).news;
    return again !== undefined && hallmark(again) === hallmark(news);
  };
  const minimal = await compare(await shrink(trace, isSame), device, verifier);
  return { asked, known, finding: { trace: minimal.trace, differences: sort(minimal).news ?? news } };
}

/** The differences of a comparison, call by call, up to one that is news. */
function sort({ trace, differences }: Comparison): { known: KnownDifference[]; news: Difference[] | undefined } {
  const known: KnownDifference[] = [];
  for (const line of new Set(differences.map((difference) => difference.line))) {
    const ofCall = differences.filter((difference) => difference.line === line);
    const difference = knownDifference(trace, ofCall);
    if (difference === undefined) return { known, news: ofCall };
    known.push(difference);
  }
  return { known, news: undefined };
}

/** What stays of a difference while calls before it are left out. */
function hallmark(differences: readonly Difference[]): string {
  return differences.map(({ fn, field }) => `${fn} ${field}`).join();
}
