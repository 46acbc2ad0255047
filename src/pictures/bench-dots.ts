import type { Distribution, VariableCost } from "../bench/distribution.ts";
import { printableName } from "../printable.ts";
import { cutText } from "../text-width.ts";
import { chartSvg, linearScale, linearTicks, px, type Scale, sizeText, tickText, timeText } from "./chart.ts";
import { SERIES } from "./palette.ts";
import { xmlText } from "./xml.ts";

const LEFT = 70;
const RIGHT = 800;
const TOP = 34;
const BOTTOM = 294;
const HEIGHT = 346;
const LABEL_STEP = 17;
const NAME_CELLS = 80;
/** Beyond this many dots, each hides the other. */
const DOTS_MAX = 1000;

/** A dot for each variable of a store, cheapest first, with lines at the percentiles. */
export function benchDots({ spread, variables }: Distribution): string {
  const ticks = linearTicks(spread.max);
  const y = linearScale(0, ticks.at(-1) as number, BOTTOM, TOP);
  const x = linearScale(0, Math.max(1, variables.length - 1), LEFT + 10, RIGHT - 10);
  const every = Math.ceil(variables.length / DOTS_MAX);
  const shown = [...variables.entries()].filter(([i]) => i % every === 0 || i === variables.length - 1);
  const levels = Object.entries(spread) as [string, number][];
  return chartSvg({
    id: "distribution",
    title: "Cost of reading each variable",
    description: levels.map(([name, ns]) => `${name} ${timeText(ns)}`).join(", "),
    height: HEIGHT,
    content: [
      `<text class="quiet" x="${LEFT - 54}" y="18">nanoseconds a call, p20 of each variable's batches</text>`,
      ...ticks.map((tick) => tickLine(y(tick), tickText(tick))),
      ...[0, 25, 50, 75, 100].map((part) => partMark(part)),
      `<text class="quiet middle" x="${(LEFT + RIGHT) / 2}" y="${HEIGHT - 8}">variables, cheapest first: this part of them costs no more</text>`,
      ...shown.map(([i, variable]) => dot(variable, x(i), y(variable.ns))),
      ...levelLines(levels, y),
    ],
  });
}

function tickLine(y: number, label: string): string {
  return `<g><line class="grid" x1="${LEFT}" y1="${px(y)}" x2="${RIGHT}" y2="${px(y)}"/><text class="quiet end" x="${LEFT - 8}" y="${px(y + 4)}">${label}</text></g>`;
}

function partMark(part: number): string {
  const x = linearScale(0, 100, LEFT + 10, RIGHT - 10)(part);
  return `<g><line class="axis" x1="${px(x)}" y1="${BOTTOM}" x2="${px(x)}" y2="${BOTTOM + 5}"/><text class="quiet middle" x="${px(x)}" y="${BOTTOM + 20}">${part} %</text></g>`;
}

function dot({ name, bytes, ns }: VariableCost, x: number, y: number): string {
  const text = `${cutText(printableName(name), NAME_CELLS)}, ${sizeText(bytes)}: ${timeText(ns)}`;
  return `<circle class="mark" fill="var(--${SERIES[0]})" cx="${px(x)}" cy="${px(y)}" r="4"><title>${xmlText(text)}</title></circle>`;
}

/** The percentiles at the right edge, moved apart where they come close. */
function levelLines(levels: readonly [string, number][], y: Scale): string[] {
  let limit = BOTTOM;
  return levels.map(([name, ns]) => {
    const at = Math.min(y(ns), limit);
    limit = at - LABEL_STEP;
    return `<g><line class="level" x1="${LEFT}" y1="${px(y(ns))}" x2="${RIGHT}" y2="${px(y(ns))}"/><text x="${RIGHT + 12}" y="${px(at + 4.5)}">${name} ${timeText(ns)}</text></g>`;
  });
}
