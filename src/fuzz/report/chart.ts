import { xmlText } from "../../pictures/xml.ts";
import { clockDuration, shortCount } from "../quantity.ts";

/** What a chart shows over time: points in order of their seconds. */
export interface Series {
  title: string;
  points: readonly { seconds: number; value: number }[];
  /** A line across at this value, such as all there is. */
  limit?: { value: number; label: string };
}

/** Lengths in the picture's units, which are pixels at its own size. */
const WIDTH = 440;
const HEIGHT = 230;
const LEFT = 46;
const RIGHT = 12;
const TOP = 14;
const BOTTOM = 30;
/** More points than the picture has columns show nothing more. */
const POINTS_MAX = 400;
const VALUE_TICKS = 5;
const TIME_TICKS = 4;
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

/** A line chart as SVG, whose colours are the page's properties. Values are counts from 0 on. */
export function timeChart({ title, points, limit }: Series): string {
  const seconds = Math.max(1, points.at(-1)?.seconds ?? 0);
  const most = Math.max(1, limit?.value ?? 0, ...thin(points).map(({ value }) => value));
  const valueStep = niceStep(most / VALUE_TICKS);
  const top = Math.ceil(most / valueStep) * valueStep;
  const x = (time: number) => round(LEFT + (time / seconds) * (WIDTH - LEFT - RIGHT));
  const y = (value: number) => round(HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM));
  const parts = [
    ...ticks(top, valueStep).map((value) => valueTick(y(value), tickText(value))),
    ...ticks(seconds, timeStep(seconds)).map((time) => timeTick(x(time), clockDuration(time))),
    limit === undefined ? "" : limitLine(y(limit.value), limit.label),
    `<path class="line" d="${path(thin(points).map(({ seconds, value }) => [x(seconds), y(value)]))}"/>`,
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"><title>${xmlText(title)}</title>
${parts.filter((part) => part !== "").join("\n")}
</svg>`;
}

/** Every n-th point, and the last one. */
function thin<T>(points: readonly T[]): T[] {
  const step = Math.ceil(points.length / POINTS_MAX);
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}

/** Counts change at once: a line runs level until the next point. */
function path(points: readonly (readonly [number, number])[]): string {
  const [first, ...rest] = points;
  return first === undefined ? "" : `M${first[0]} ${first[1]}${rest.map(([x, y]) => `H${x}V${y}`).join("")}`;
}

/** 1, 2 or 5 times a power of ten, at least `least` and 1. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) as number) * power;
}

function timeStep(seconds: number): number {
  const least = seconds / TIME_TICKS;
  return TIME_STEPS.find((step) => step >= least) ?? Math.ceil(least / 86400) * 86400;
}

function ticks(end: number, step: number): number[] {
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
}

/** A short count without the zeros behind its point that say nothing. */
function tickText(value: number): string {
  const text = shortCount(value);
  return `${Number.parseFloat(text)}${text.replace(/^[\d.]+/, "")}`;
}

function valueTick(y: number, label: string): string {
  return `<path class="grid" d="M${LEFT} ${y}H${WIDTH - RIGHT}"/><text class="value" x="${LEFT - 6}" y="${y + 4}">${label}</text>`;
}

function timeTick(x: number, label: string): string {
  const bottom = HEIGHT - BOTTOM;
  const end = x > WIDTH - 40 ? " last" : "";
  return `<path class="tick" d="M${x} ${bottom}v5"/><text class="time${end}" x="${x}" y="${bottom + 18}">${label}</text>`;
}

function limitLine(y: number, label: string): string {
  return `<path class="limit" d="M${LEFT} ${y}H${WIDTH - RIGHT}"/><text class="limit-label" x="${WIDTH - RIGHT}" y="${y + 14}">${xmlText(label)}</text>`;
}

function round(length: number): number {
  return Math.round(length * 10) / 10;
}
