import type { Place } from "./case.ts";
import { type Noise, placeText, type Report } from "./report.ts";

/** Change that is no change, whatever the noise: what the same code differs by from run to run. */
const ROOM_MIN = 0.25;
/** Standard deviations of both runs' noise that are no change. */
const DEVIATIONS = 2;

export interface Verdict extends Place {
  /** Ratios to the rejected dispatch. */
  before: number;
  now: number;
  verdict: "slower" | "faster" | "same";
}

export interface Comparison {
  /** How much larger a ratio may be, as part of the old one. */
  room: number;
  verdicts: Verdict[];
  /** Operations of one of the reports only. */
  onlyBefore: Place[];
  onlyNow: Place[];
}

/** What of a report is compared. */
export type Compared = Pick<Report, "rows"> & { noise: Pick<Noise, "floorVariation"> };

/**
 * Compares what both reports have. Ratios to the rejected dispatch of the same run are compared, not nanoseconds: a
 * machine that is slower today makes both slower. Room is two standard deviations of the noise of both runs together, and
 * at least 25 %.
 */
export function compare(before: Compared, now: Compared): Comparison {
  const room = Math.max(ROOM_MIN, DEVIATIONS * Math.hypot(before.noise.floorVariation, now.noise.floorVariation));
  const old = new Map(before.rows.map((row) => [placeText(row), row]));
  const known = new Set(now.rows.map(placeText));
  const verdicts = now.rows.flatMap((row): Verdict[] => {
    const was = old.get(placeText(row));
    if (was === undefined) return [];
    return [{ ...placeOf(row), before: was.ratio, now: row.ratio, verdict: verdictOf(row.ratio / was.ratio, room) }];
  });
  return {
    room,
    verdicts,
    onlyBefore: before.rows.filter((row) => !known.has(placeText(row))).map(placeOf),
    onlyNow: now.rows.filter((row) => !old.has(placeText(row))).map(placeOf),
  };
}

function verdictOf(change: number, room: number): Verdict["verdict"] {
  if (change > 1 + room) return "slower";
  return change < 1 / (1 + room) ? "faster" : "same";
}

function placeOf({ group, operation, at }: Place): Place {
  return { group, operation, ...(at === undefined ? {} : { at }) };
}
