import type { Row } from "../bench/report.ts";
import { cutText } from "../text-width.ts";
import { CHART_WIDTH, chartSvg, linearScale, linearTicks, px, type Scale, tickText, timeText } from "./chart.ts";
import { SERIES } from "./palette.ts";
import { xmlText } from "./xml.ts";

const LABEL_END = 250;
const BARS_START = 262;
const BARS_END = 750;
const NS_END = CHART_WIDTH - 100;
const RATIO_END = CHART_WIDTH - 12;
const TOP = 52;
const STEP = 30;
const BAR_HEIGHT = 18;
const LABEL_CELLS = 36;

/** Bars for operations, up to p20 and paler up to p50, with their figures. */
export function benchBars(id: string, title: string, rows: readonly Row[]): string {
  const ticks = linearTicks(Math.max(...rows.map(({ p50Ns }) => p50Ns)));
  const x = linearScale(0, ticks.at(-1) as number, BARS_START, BARS_END);
  const bottom = TOP + rows.length * STEP;
  return chartSvg({
    id,
    title,
    description: rows.map((row) => `${row.operation}: ${figures(row)}`).join("; "),
    height: bottom + 44,
    content: [
      legend(),
      `<text class="quiet end" x="${NS_END}" y="${TOP - 8}">p20</text>`,
      `<text class="quiet end" x="${RATIO_END}" y="${TOP - 8}">to rejected</text>`,
      ...ticks.map((tick) => verticalLine(x(tick), TOP - 4, bottom, tickText(tick))),
      `<text class="quiet middle" x="${px((BARS_START + BARS_END) / 2)}" y="${bottom + 36}">nanoseconds a call</text>`,
      ...rows.map((row, i) => bar(row, x, TOP + i * STEP)),
    ],
  });
}

function legend(): string {
  const color = SERIES[0];
  return [
    `<g><rect x="${BARS_START}" y="8" width="26" height="14" fill="var(--${color})"/>`,
    `<text class="quiet" x="${BARS_START + 34}" y="19">p20: a fifth of the batches took at most this</text>`,
    `<rect x="${BARS_START + 330}" y="8" width="26" height="14" fill="var(--${color})" fill-opacity=".4"/>`,
    `<text class="quiet" x="${BARS_START + 364}" y="19">p50: half of them did</text></g>`,
  ].join("");
}

function verticalLine(x: number, top: number, bottom: number, label: string): string {
  return `<g><line class="grid" x1="${px(x)}" y1="${top}" x2="${px(x)}" y2="${bottom}"/><text class="quiet middle" x="${px(x)}" y="${bottom + 17}">${label}</text></g>`;
}

function bar(row: Row, x: Scale, y: number): string {
  const color = `var(--${SERIES[0]})`;
  const top = y + (STEP - BAR_HEIGHT) / 2;
  const to = (value: number) => px(Math.max(1, x(value) - BARS_START));
  const middle = y + STEP / 2 + 4.5;
  return [
    `<g><title>${xmlText(`${row.operation}: ${figures(row)}`)}</title>`,
    `<text class="end" x="${LABEL_END}" y="${px(middle)}">${xmlText(cutText(row.operation, LABEL_CELLS))}</text>`,
    `<rect x="${BARS_START}" y="${px(top)}" width="${to(row.p50Ns)}" height="${BAR_HEIGHT}" fill="${color}" fill-opacity=".4"/>`,
    `<rect x="${BARS_START}" y="${px(top)}" width="${to(row.p20Ns)}" height="${BAR_HEIGHT}" fill="${color}"/>`,
    `<text class="end" x="${NS_END}" y="${px(middle)}">${timeText(row.p20Ns)}</text>`,
    `<text class="quiet end" x="${RATIO_END}" y="${px(middle)}">${row.ratio.toFixed(1)} ×</text></g>`,
  ].join("");
}

function figures({ p20Ns, p50Ns, ratio }: Row): string {
  return `p20 ${timeText(p20Ns)}, p50 ${timeText(p50Ns)}, ${ratio.toFixed(1)} times a rejected dispatch`;
}
