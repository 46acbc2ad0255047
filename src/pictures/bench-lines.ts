import type { Row } from "../bench/report.ts";
import { chartSvg, linearScale, linearTicks, logScale, logTicks, px, type Scale, tickText, timeText } from "./chart.ts";
import { SERIES } from "./palette.ts";
import { xmlText } from "./xml.ts";

const LEFT = 70;
const RIGHT = 740;
const TOP = 34;
const BOTTOM = 314;
const HEIGHT = 366;
/** Between two labels at the lines' ends. */
const LABEL_STEP = 20;
/** The marks of lines differ in form, too. */
const MARKS = ["circle", "square", "diamond", "triangle"] as const;

/** What a chart of lines has beside its rows. */
export interface Lines {
  id: string;
  title: string;
  /** What the horizontal axis counts, and its steps as they are written. */
  axis: string;
  stepText: (step: number) => string;
  isLogarithmic: boolean;
}

/** A line for each operation over the steps of a series, p20 and a logarithmic horizontal axis. */
export function benchLines(rows: readonly Row[], { id, title, axis, stepText, isLogarithmic }: Lines): string {
  const steps = [...new Set(rows.map(({ at }) => at as number))].sort((a, b) => a - b);
  const values = rows.map(({ p20Ns }) => p20Ns);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const ticks = isLogarithmic ? logTicks(least, most) : linearTicks(most);
  const [low, high] = [ticks[0] as number, ticks.at(-1) as number];
  const y = isLogarithmic ? logScale(low, high, BOTTOM, TOP) : linearScale(low, high, BOTTOM, TOP);
  const x = logScale(steps[0] as number, steps.at(-1) as number, LEFT + 24, RIGHT - 24);
  const operations = [...new Set(rows.map(({ operation }) => operation))];
  const series = operations.map((operation) => rows.filter((row) => row.operation === operation));
  return chartSvg({
    id,
    title,
    description: series.map((own) => describe(own, stepText)).join("; "),
    height: HEIGHT,
    content: [
      `<text class="quiet" x="${LEFT - 54}" y="18">nanoseconds a call, p20${isLogarithmic ? " (logarithmic)" : ""}</text>`,
      ...ticks.map((tick) => horizontalLine(y(tick), tickText(tick))),
      ...steps.map((step) => stepMark(x(step), stepText(step))),
      `<text class="quiet middle" x="${(LEFT + RIGHT) / 2}" y="${HEIGHT - 8}">${xmlText(axis)} (logarithmic)</text>`,
      ...series.map((own, i) => line(own, i, x, y, stepText)),
      ...endLabels(series, y),
    ],
  });
}

function describe(rows: readonly Row[], stepText: (step: number) => string): string {
  const points = rows.map(({ at, p20Ns }) => `${stepText(at as number)} ${timeText(p20Ns)}`);
  return `${rows[0]?.operation}: ${points.join(", ")}`;
}

/** A level of the vertical axis. */
function horizontalLine(y: number, label: string): string {
  return `<g><line class="grid" x1="${LEFT}" y1="${px(y)}" x2="${RIGHT}" y2="${px(y)}"/><text class="quiet end" x="${LEFT - 8}" y="${px(y + 4)}">${label}</text></g>`;
}

function stepMark(x: number, label: string): string {
  return `<g><line class="axis" x1="${px(x)}" y1="${BOTTOM}" x2="${px(x)}" y2="${BOTTOM + 5}"/><text class="quiet middle" x="${px(x)}" y="${BOTTOM + 20}">${xmlText(label)}</text></g>`;
}

function line(rows: readonly Row[], index: number, x: Scale, y: Scale, stepText: (step: number) => string): string {
  const color = colorOf(index);
  const points = rows.map(({ at, p20Ns }) => ({ x: x(at as number), y: y(p20Ns) }));
  const marks = rows.map((row, i) => {
    const text = `${row.operation}, ${stepText(row.at as number)}: ${timeText(row.p20Ns)}`;
    return `<g><title>${xmlText(text)}</title>${mark(index, points[i]?.x as number, points[i]?.y as number)}</g>`;
  });
  const path = points.map((point) => `${px(point.x)},${px(point.y)}`).join(" ");
  return `<polyline class="line" stroke="${color}" points="${path}"/>\n${marks.join("")}`;
}

function mark(index: number, x: number, y: number): string {
  const attributes = `class="mark" fill="${colorOf(index)}"`;
  const polygon = (corners: [number, number][]) =>
    `<polygon ${attributes} points="${corners.map(([dx, dy]) => `${px(x + dx)},${px(y + dy)}`).join(" ")}"/>`;
  switch (MARKS[index % MARKS.length]) {
    case "square":
      return `<rect ${attributes} x="${px(x - 4.5)}" y="${px(y - 4.5)}" width="9" height="9"/>`;
    case "diamond":
      return polygon([
        [0, -6],
        [6, 0],
        [0, 6],
        [-6, 0],
      ]);
    case "triangle":
      return polygon([
        [0, -6],
        [6, 5],
        [-6, 5],
      ]);
    default:
      return `<circle ${attributes} cx="${px(x)}" cy="${px(y)}" r="5"/>`;
  }
}

/** Names of the lines where they end, moved apart where lines come close. */
function endLabels(series: readonly (readonly Row[])[], y: Scale): string[] {
  const ends = series.map((rows, index) => ({ index, row: rows.at(-1) as Row, y: y(rows.at(-1)?.p20Ns as number) }));
  ends.sort((a, b) => a.y - b.y);
  let next = TOP;
  for (const end of ends) {
    end.y = Math.max(end.y, next);
    next = end.y + LABEL_STEP;
  }
  let limit = BOTTOM;
  for (const end of ends.toReversed()) {
    end.y = Math.min(end.y, limit);
    limit = end.y - LABEL_STEP;
  }
  return ends.map(({ index, row, y: at }) => {
    return `<g>${mark(index, RIGHT + 14, at)}<text x="${RIGHT + 26}" y="${px(at + 4.5)}">${xmlText(row.operation)}</text></g>`;
  });
}

function colorOf(index: number): string {
  return `var(--${SERIES[index % SERIES.length]})`;
}
