import { printable } from "../printable.ts";
import { cutText } from "../text-width.ts";
import { bytesOf, type FlashMap, hex, KINDS, type Kind, percent, recordsOf } from "./flash-map.ts";
import { areaStrip, hatchingPatterns, rectangles, stripHeight, stripOf, wrappedStrip } from "./flash-strip.ts";
import { className, paletteStyle } from "./palette.ts";
import { xmlText } from "./xml.ts";

/** Lengths in the picture's units, which are pixels at its own size. */
const WIDTH = 1128;
const MARGIN = 16;
const HEADING_HEIGHT = 34;
const LEGEND_TOP = 124;
const LEGEND_STEP = 28;
const LEGEND_COLUMNS = 4;
const LEGEND_COLUMN_WIDTH = 276;
const HEADING_CELLS = 90;
/** More would make a picture that no viewer opens; real stores have some hundreds. */
const MOST_RECORDS = 20_000;

/**
 * A store's map as a self-contained SVG picture in printable characters: the volume's areas to scale, legend and sums, and
 * the variable area as a wrapped strip of addresses with a tooltip a record; above it the file's name as a heading, if
 * there is to be one. Throws a RangeError for more than 20000 records.
 */
export function flashMapSvg(map: FlashMap, fileName: string, hasHeading = true): string {
  const count = recordsOf(map).length;
  if (count > MOST_RECORDS) throw new RangeError(`a picture has at most ${MOST_RECORDS} records, not ${count}`);
  const kinds = KINDS.filter((kind) => map.sums[kind] > 0);
  const strip = stripOf(map);
  const stripTop = LEGEND_TOP + Math.ceil(kinds.length / LEGEND_COLUMNS) * LEGEND_STEP;
  const top = hasHeading ? HEADING_HEIGHT : 0;
  const height = top + stripTop + stripHeight(strip) + MARGIN;
  const name = printable(fileName);
  const heading = `<text class="heading" x="${MARGIN}" y="32">${xmlText(cutText(name, HEADING_CELLS))}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" class="flash-map" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="flash-map-title">
<title id="flash-map-title">Flash map of ${xmlText(name)}</title>
<style>
${STYLE}
</style>
<defs>${hatchingPatterns()}</defs>
<rect class="page" width="${WIDTH}" height="${height}"/>
${hasHeading ? heading : ""}
<g transform="translate(0 ${top})">
${summaryLines(map)
  .map((line, i) => `<text class="quiet" x="${MARGIN}" y="${20 + 18 * i}">${xmlText(line)}</text>`)
  .join("\n")}
<text class="quiet" x="${MARGIN}" y="74">volume</text>
${areaStrip(map, 60)}
${kinds.map((kind, i) => legendEntry(map, kind, i)).join("\n")}
${wrappedStrip(map, strip, stripTop)}
</g>
</svg>
`;
}

const STYLE = `${paletteStyle(".flash-map")}
.flash-map text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:var(--text)}
.flash-map .heading{font-size:18px;font-weight:600}
.flash-map .quiet{fill:var(--quiet)}
.flash-map .address{font:11px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:var(--quiet)}
.flash-map .end{text-anchor:end}
.flash-map .label{font-size:11px;fill:var(--label);stroke-width:3px;paint-order:stroke;pointer-events:none}
.flash-map .page{fill:var(--page)}
.flash-map rect{stroke:var(--page)}
${KINDS.map(className)
  .map((css) => `.flash-map .${css}{fill:var(--${css})}.flash-map .on-${css}{stroke:var(--${css})}`)
  .join("\n")}
.flash-map .free,.flash-map .padding,.flash-map .outside{stroke:var(--line)}
.flash-map .on-free{fill:var(--quiet)}
.flash-map .slice{stroke:none;shape-rendering:crispEdges;pointer-events:none}
.flash-map .hatching{stroke:none;pointer-events:none}
.flash-map pattern path{fill:none;stroke:var(--page);stroke-opacity:.45}
.flash-map g>g:hover>rect:not(.hatching){stroke:var(--text);stroke-width:2}`;

/** What the file is, and how full its variable area is, in sentences. */
function summaryLines({ volume, quota, fileBytes }: FlashMap): string[] {
  const outside = fileBytes - bytesOf(volume);
  return [
    `${fileBytes} bytes, volume from ${hex(volume.start)} to ${hex(volume.end)}${outside > 0 ? `; the ${outside} bytes outside it are not drawn` : ""}.`,
    `Records take ${quota.usedBytes} of ${quota.capacityBytes} bytes (${percent(quota.usedBytes, quota.capacityBytes)}); ${quota.freeBytes} are free, and a reclaim gives back ${quota.reclaimBytes}. Largest new variable: ${quota.largestVariableBytes} bytes of name and data.`,
  ];
}

function legendEntry(map: FlashMap, kind: Kind, index: number): string {
  const x = MARGIN + (index % LEGEND_COLUMNS) * LEGEND_COLUMN_WIDTH;
  const y = LEGEND_TOP + Math.floor(index / LEGEND_COLUMNS) * LEGEND_STEP;
  const bytes = map.sums[kind];
  const text = xmlText(`${kind}: ${bytes} bytes (${percent(bytes, map.fileBytes)})`);
  return `${rectangles(className(kind), x, y, 26)}<text x="${x + 34}" y="${y + 14}">${text}</text>`;
}
