import { attributesText } from "../attributes.ts";
import { guidName } from "../guid.ts";
import { printable } from "../printable.ts";
import { cutText } from "../text-width.ts";
import {
  bytesOf,
  type FlashMap,
  hex,
  KINDS,
  type Kind,
  percent,
  type RecordRegion,
  recordsOf,
  type Span,
} from "./flash-map.ts";

/** What stands for a kind in a drawing of characters: different ones, for terminals without colours. */
export const GLYPHS: Readonly<Record<Kind, string>> = {
  torn: "╳",
  "in-transition": "▞",
  live: "█",
  dead: "░",
  headers: "◆",
  "event log": "e",
  "ftw work": "w",
  "ftw spare": "s",
  padding: "-",
  outside: "~",
  free: "·",
};

/** Puts the colour of a kind around text. */
export type Paint = (kind: Kind, text: string) => string;

const MOST_ROWS = 16;
const NARROWEST = 16;
const LARGEST_SHOWN = 8;
/** Record names are cut to so many cells. */
const NAME_CELLS = 40;

/**
 * The volume as one bar, and the variable area as a grid: lines of at most `columns` cells (but at least 16 and the
 * labels). A cell shows the first of KINDS that has a byte in it.
 */
export function drawFlashMap(map: FlashMap, columns: number, paint: Paint): string {
  const { volume, variables } = map;
  const label = Math.max(hex(volume.end).length, hex(variables.end).length);
  const cells = Math.max(NARROWEST, columns - label - 1);
  const barBytes = Math.ceil(bytesOf(volume) / cells);
  const area = { start: volume.start, end: variables.end };
  const rowCells = 2 ** Math.floor(Math.log2(cells));
  const cellBytes = gridStep(bytesOf(area), rowCells);
  return [
    `volume, ${barBytes} bytes a cell`,
    ...drawRows(map, volume, cells, barBytes, label, paint),
    "",
    `headers and variables, ${cellBytes} bytes a cell`,
    ...drawRows(map, area, rowCells, cellBytes, label, paint),
    "",
    "A cell shows the first of these kinds that it has a byte of.",
    "",
  ].join("\n");
}

/** Bytes and part of each kind that the file has, for a table: glyph, kind, bytes, part of the variable area, of the file. */
export function legendRows(map: FlashMap): string[][] {
  const inArea: readonly Kind[] = ["torn", "in-transition", "live", "dead", "free"];
  const rows = KINDS.filter((kind) => map.sums[kind] > 0).map((kind) => [
    GLYPHS[kind],
    kind,
    String(map.sums[kind]),
    inArea.includes(kind) ? percent(map.sums[kind], map.quota.capacityBytes) : "",
    percent(map.sums[kind], map.fileBytes),
  ]);
  return [["", "kind", "bytes", "of variables", "of file"], ...rows];
}

/** What the variable area holds and can still take, for a table. */
export function quotaRows({ quota }: Pick<FlashMap, "quota">): string[][] {
  return [
    ["used", `${quota.usedBytes} of ${quota.capacityBytes} bytes (${percent(quota.usedBytes, quota.capacityBytes)})`],
    ["free", `${quota.freeBytes} bytes; largest new variable ${quota.largestVariableBytes} bytes of name and data`],
    ["a reclaim gives back", `${quota.reclaimBytes} bytes, which makes ${quota.freeBytes + quota.reclaimBytes} free`],
  ];
}

/** The largest records that stand, and the largest that do not, for a table: glyph, record bytes, offset in the file, variable. */
export function largestRows(map: FlashMap): string[][] {
  const records = recordsOf(map).toSorted((a, b) => bytesOf(b) - bytesOf(a));
  const stands = ({ kind }: RecordRegion) => kind === "live" || kind === "in-transition";
  const live = records.filter(stands).slice(0, LARGEST_SHOWN);
  const dead = records.filter((record) => !stands(record)).slice(0, LARGEST_SHOWN);
  const rows = [...live, ...dead].map((record) => [
    GLYPHS[record.kind],
    String(bytesOf(record)),
    hex(record.start),
    attributesText(record.attributes),
    cutText(printable(record.name), NAME_CELLS),
    guidName(record.guid),
  ]);
  return [["", "bytes", "offset", "attributes", "largest records", "vendor"], ...rows];
}

/** The smallest power of two that leaves no more than the most rows. */
function gridStep(bytes: number, rowCells: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(bytes / (rowCells * MOST_ROWS))));
}

function drawRows(
  map: FlashMap,
  span: Span,
  rowCells: number,
  cellBytes: number,
  label: number,
  paint: Paint,
): string[] {
  const cells = cellsOf(map, span, cellBytes);
  const rows: string[] = [];
  for (let at = 0; at < cells.length; at += rowCells) {
    const start = hex(span.start + at * cellBytes).padStart(label);
    rows.push(`${start} ${paintRow(cells.slice(at, at + rowCells), paint)}`);
  }
  return rows;
}

/** The kind that each cell of a span shows. */
export function cellsOf(map: FlashMap, span: Span, cellBytes: number): Kind[] {
  const ranks = new Uint8Array(Math.ceil(bytesOf(span) / cellBytes)).fill(KINDS.length);
  for (const { start, end, kind } of map.regions) {
    const rank = KINDS.indexOf(kind);
    const first = Math.floor(Math.max(0, start - span.start) / cellBytes);
    const last = Math.min(ranks.length, Math.ceil((end - span.start) / cellBytes));
    for (let cell = first; cell < last; cell++) ranks[cell] = Math.min(ranks[cell] as number, rank);
  }
  return Array.from(ranks, (rank) => KINDS[rank] as Kind);
}

/** One run of colour for neighbours of a kind. */
function paintRow(cells: readonly Kind[], paint: Paint): string {
  let row = "";
  for (let at = 0; at < cells.length; ) {
    const kind = cells[at] as Kind;
    let end = at;
    while (cells[end] === kind) end++;
    row += paint(kind, GLYPHS[kind].repeat(end - at));
    at = end;
  }
  return row;
}
