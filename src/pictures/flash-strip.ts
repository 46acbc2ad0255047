import { attributesText } from "../attributes.ts";
import { guidName } from "../guid.ts";
import { printable } from "../printable.ts";
import { cutText } from "../text-width.ts";
import { bytesOf, type FlashMap, hex, isRecord, type RecordRegion, type Region, type Span } from "./flash-map.ts";
import { className } from "./palette.ts";
import { xmlText } from "./xml.ts";

/** Left border and width of all strips, in the picture's units. */
const LEFT = 88;
const WIDTH = 1024;
const BOX_HEIGHT = 20;
const ROW_HEIGHT = 24;
/** Room for the addresses above a strip's rows. */
const AXIS_HEIGHT = 30;
const MOST_ROWS = 32;
/** Width of a label's average letter, and of the narrowest box with a label in it. */
const LETTER = 7;
const NARROWEST_LABEL = 30;
/** Room for an address on an axis. */
const ADDRESS = 64;
const TOOLTIP_CELLS = 80;

/** The volume to scale in one strip: areas with tooltips, the records, and addresses where there is room for them. */
export function areaStrip({ volume, variables, regions }: FlashMap, y: number): string {
  const x = (at: number) => LEFT + (WIDTH * (at - volume.start)) / bytesOf(volume);
  const isInside = (span: Span, { start, end }: Region) => start >= span.start && end <= span.end;
  const areas = [
    { ...variables, title: "variables, drawn below", css: "free" },
    ...regions
      .filter((region) => isInside(volume, region) && !isInside(variables, region))
      .map((region) => ({ ...region, title: region.kind, css: className(region.kind) })),
  ];
  const boxes = areas.map(({ start, end, title, css }) => {
    const titleText = xmlText(`${title}\n${extentText({ start, end })}`);
    return `<g><title>${titleText}</title>${rectangles(css, x(start), y, x(end) - x(start))}</g>`;
  });
  const used = regions.filter((region) => isInside(variables, region) && region.kind !== "free");
  const slices = used.map(({ start, end, kind }) => {
    const place = `x="${round(x(start))}" y="${y}" width="${round(x(end) - x(start))}" height="${BOX_HEIGHT}"`;
    return `<rect class="slice ${className(kind)}" ${place}/>`;
  });
  const borders = [...areas.map(({ start }) => start), volume.end].toSorted((a, b) => a - b);
  const axis = addresses(
    borders.map((at) => [x(at), at] as const),
    y + BOX_HEIGHT + 14,
  );
  return [...boxes, ...slices, axis].join("\n");
}

/** A span of addresses that is drawn in rows of equal length. */
export interface Strip extends Span {
  rowBytes: number;
  rows: number;
}

/** The strip from the headers to the last byte that is not free: free rows would make the records small. */
export function stripOf({ volume, variables, regions }: FlashMap): Strip {
  const { start } = volume;
  const { end: used } = regions.findLast((region) => region.end <= variables.end && region.kind !== "free") as Region;
  // 8 bytes at the least, so that the axis has whole addresses; 256 keep a label readable and small stores short.
  const rowBytes = Math.max(256, 2 ** Math.ceil(Math.log2((used - start) / MOST_ROWS)));
  const rows = Math.ceil((used - start) / rowBytes);
  return { start, end: Math.min(variables.end, start + rows * rowBytes), rowBytes, rows };
}

/** Height of a strip with its axis above and the note on the free rest below. */
export function stripHeight({ rows }: Strip): number {
  return AXIS_HEIGHT + rows * ROW_HEIGHT + 20;
}

/** A strip: a box for each region's part in a row, with tooltip, and a label in those that are wide enough. */
export function wrappedStrip(map: FlashMap, strip: Strip, top: number): string {
  const y = top + AXIS_HEIGHT;
  const { start, end, rowBytes, rows } = strip;
  const numbers = Array.from({ length: rows }, (_, row) => {
    const place = `x="${LEFT - 8}" y="${y + row * ROW_HEIGHT + 14}"`;
    return `<text class="address end" ${place}>${hex(start + row * rowBytes)}</text>`;
  });
  const columns = Array.from({ length: 8 }, (_, part) => [LEFT + (WIDTH * part) / 8, (rowBytes * part) / 8] as const);
  const drawn = map.regions.filter((region) => region.end > start && region.start < end);
  const rest = map.variables.end - end;
  const note =
    rest === 0 ? "the variable area ends here" : `${rest} free bytes follow, up to ${hex(map.variables.end)}`;
  return [
    addresses(columns, y - 8, "+"),
    ...numbers,
    ...drawn.map((region) => regionBoxes(region, strip, y)),
    `<text class="quiet" x="${LEFT}" y="${y + rows * ROW_HEIGHT + 12}">${note}</text>`,
  ].join("\n");
}

/** The boxes of one region, one a row that it has bytes in, and one tooltip. */
function regionBoxes(region: Region | RecordRegion, strip: Strip, y: number): string {
  const css = className(region.kind);
  const parts = partsOf(region, strip, y);
  const widest = parts.reduce((a, b) => (b.width > a.width ? b : a));
  const label = widest.width < NARROWEST_LABEL ? "" : labelOf(region, widest.width - 8);
  const text = label && `<text class="label on-${css}" x="${round(widest.x + 4)}" y="${widest.y + 14}">${label}</text>`;
  const boxes = parts.map((part) => rectangles(css, part.x, part.y, part.width)).join("");
  return `<g><title>${xmlText(titleOf(region))}</title>${boxes}${text}</g>`;
}

function partsOf(region: Region, { start, end, rowBytes }: Strip, y: number) {
  const parts: { x: number; y: number; width: number }[] = [];
  for (let at = region.start; at < Math.min(region.end, end); ) {
    const row = Math.floor((at - start) / rowBytes);
    const rowStart = start + row * rowBytes;
    const partEnd = Math.min(region.end, end, rowStart + rowBytes);
    const [x, width] = [LEFT + (WIDTH * (at - rowStart)) / rowBytes, (WIDTH * (partEnd - at)) / rowBytes];
    parts.push({ x, y: y + row * ROW_HEIGHT, width });
    at = partEnd;
  }
  return parts;
}

function labelOf(region: Region | RecordRegion, width: number): string {
  const text = isRecord(region) ? printable(region.name) : region.kind;
  return xmlText(cutText(text, Math.floor(width / LETTER)));
}

/** What a tooltip says of a region, in lines. */
function titleOf(region: Region | RecordRegion): string {
  if (!isRecord(region)) return `${region.kind}\n${extentText(region)}`;
  const { name, guid, state, attributes, dataBytes, kind } = region;
  const short = guidName(guid);
  return [
    cutText(printable(name), TOOLTIP_CELLS),
    short === guid ? guid : `${guid} (${short})`,
    `${kind}, state ${hex(state)}, ${attributesText(attributes)}`,
    `${extentText(region)}, data ${dataBytes} bytes`,
  ].join("\n");
}

function extentText(span: Span): string {
  return `${hex(span.start)} to ${hex(span.end)}, ${bytesOf(span)} bytes`;
}

/** A box in the colour of a kind, and the hatching of those kinds that have one. */
export function rectangles(css: string, x: number, y: number, width: number): string {
  const place = `x="${round(x)}" y="${y}" width="${round(width)}" height="${BOX_HEIGHT}"`;
  const hatching = css in HATCHINGS ? `<rect class="hatching" fill="url(#hatching-${css})" ${place}/>` : "";
  return `<rect class="${css}" ${place}/>${hatching}`;
}

/** Patterns, by class: kinds that lie between each other differ without their colours, too. */
const HATCHINGS: Readonly<Record<string, string>> = {
  dead: "M0 6 6 0",
  torn: "M0 6 6 0M0 0 6 6",
  "in-transition": "M0 3H6",
};

/** The definitions that `rectangles` refers to. */
export function hatchingPatterns(): string {
  return Object.entries(HATCHINGS)
    .map(
      ([css, path]) =>
        `<pattern id="hatching-${css}" width="6" height="6" patternUnits="userSpaceOnUse"><path d="${path}"/></pattern>`,
    )
    .join("");
}

/** Addresses along an axis, from the left; those without room behind the one before are left out. */
function addresses(places: readonly (readonly [x: number, at: number])[], y: number, sign = ""): string {
  let free = 0;
  let text = "";
  for (const [x, at] of places) {
    if (x < free) continue;
    free = x + ADDRESS;
    const css = x + ADDRESS > LEFT + WIDTH ? "address end" : "address";
    const right = css === "address" ? x : LEFT + WIDTH;
    text += `<text class="${css}" x="${round(right)}" y="${y}">${sign}${hex(at)}</text>`;
  }
  return text;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
