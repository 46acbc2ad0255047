import { basename } from "node:path";
import type { Command } from "commander";
import { replaceFile, sha256 } from "../files/bytes.ts";
import type { StoreFile } from "../files/store-file.ts";
import { type FlashMap, flashMap, KINDS, type Kind } from "../pictures/flash-map.ts";
import { flashMapHtml } from "../pictures/flash-map-html.ts";
import { flashMapSvg } from "../pictures/flash-map-svg.ts";
import { drawFlashMap, GLYPHS, largestRows, legendRows, type Paint, quotaRows } from "../pictures/flash-map-text.ts";
import { CommandError, Exit, type Io } from "./io.ts";
import { isSamePlace } from "./lock.ts";
import { named } from "./store.ts";
import { table } from "./table.ts";

/** What `xenefi info` was asked to draw. */
export interface MapOptions {
  map?: boolean;
  svg?: string;
  html?: string;
}

/** Columns where the terminal does not tell, or standard output is none. */
const COLUMNS = 80;

/** Adds the ways to draw the map of a store's flash. */
export function addMapOptions(command: Command): Command {
  return command
    .option("--map", "draw what the flash holds: live, dead and free bytes, and the areas")
    .option("--svg <file>", "write the map as a picture")
    .option("--html <file>", "write the map as a page with all records");
}

/** The map of a store, if one is to be printed. Writes the pictures that the options name. */
export function mapStore(store: StoreFile, options: MapOptions): FlashMap | undefined {
  const { map: isPrinted, svg, html } = options;
  if (!isPrinted && svg === undefined && html === undefined) return undefined;
  const { content } = store;
  if (store.format !== "edk2" || !(content instanceof Uint8Array)) {
    throw new CommandError(Exit.Usage, `${store.path}: a map shows the flash of edk2 volumes; this is ${store.format}`);
  }
  return named(store.path, () => {
    const map = flashMap(content);
    const about = { fileName: store.path === "-" ? "standard input" : basename(store.path), sha256: sha256(content) };
    if (svg !== undefined) writePicture(svg, store, flashMapSvg(map, about.fileName));
    if (html !== undefined) writePicture(html, store, flashMapHtml(map, about));
    return isPrinted ? map : undefined;
  });
}

/** The map for a terminal, with its legend, quota and largest records. */
export function printMap(map: FlashMap, io: Io): string {
  const paint = painter(io);
  // Table lines begin with a kind's glyph, or with a blank.
  const paintGlyphs = (lines: string) =>
    lines.replaceAll(/^\S/gm, (glyph) => paint(KINDS.find((kind) => GLYPHS[kind] === glyph) ?? "free", glyph));
  return [
    drawFlashMap(map, io.columns ?? COLUMNS, paint),
    paintGlyphs(table(legendRows(map), io.columns)),
    table(quotaRows(map), io.columns),
    paintGlyphs(table(largestRows(map), io.columns)),
  ].join("\n");
}

function painter({ colors }: Io): Paint {
  const paints: Partial<Record<Kind, (text: string) => string>> = {
    torn: colors.red,
    "in-transition": colors.yellow,
    live: colors.green,
    headers: colors.blue,
    "event log": colors.cyan,
    "ftw work": colors.magenta,
    "ftw spare": colors.cyan,
    free: colors.dim,
    outside: colors.dim,
  };
  return (kind, text) => paints[kind]?.(text) ?? text;
}

/** The store itself is never overwritten with its picture. */
function writePicture(path: string, store: StoreFile, text: string): void {
  if (isSamePlace(path, store.path)) {
    throw new CommandError(Exit.Usage, `${path}: this is the store itself; name another file for its picture`);
  }
  replaceFile(path, new TextEncoder().encode(text));
}
