import { attributesText } from "../attributes.ts";
import { guidName } from "../guid.ts";
import { printable } from "../printable.ts";
import { cutText } from "../text-width.ts";
import { bytesOf, type FlashMap, hex, type RecordRegion, recordsOf } from "./flash-map.ts";
import { flashMapSvg } from "./flash-map-svg.ts";
import { className, paletteStyle } from "./palette.ts";
import { xmlText } from "./xml.ts";

/** What the page's heading says of the file. */
export interface About {
  fileName: string;
  /** SHA-256 of the file, hexadecimal. */
  sha256: string;
}

const NAME_CELLS = 80;

/** A store's map as a self-contained HTML page without scripts: the picture, and a table of all records in log order. */
export function flashMapHtml(map: FlashMap, about: About): string {
  const name = xmlText(printable(about.fileName));
  const records = recordsOf(map);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Flash map of ${name}</title>
<style>
${STYLE}
</style>
</head>
<body>
<h1>${name}</h1>
<p class="digest">SHA-256 <code>${xmlText(about.sha256)}</code></p>
<div class="wide">
${flashMapSvg(map, about.fileName, false)}</div>
<h2>Records in log order: ${records.length}</h2>
<div class="wide">
<table>
<thead><tr><th>Offset</th><th class="number">Bytes</th><th>Kind</th><th>State</th><th>Name</th><th>Vendor</th><th>Attributes</th><th class="number">Data bytes</th></tr></thead>
<tbody>
${records.map(tableRow).join("\n")}
</tbody>
</table>
</div>
</body>
</html>
`;
}

const STYLE = `${paletteStyle(":root")}
body{margin:1.5rem auto;max-width:1128px;padding:0 1rem;background:var(--page);color:var(--text);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
h1{font-size:1.5rem;margin:0;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:1.5rem 0 .5rem}
.digest{margin:.2rem 0 1rem;color:var(--quiet);overflow-wrap:anywhere}
.wide{overflow-x:auto}
.wide svg{display:block}
code,td.code{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:.87em}
table{border-collapse:collapse;width:100%}
th,td{padding:.25rem .6rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th{color:var(--quiet);font-weight:600}
td.name{overflow-wrap:anywhere}
.number{text-align:right;font-variant-numeric:tabular-nums}
.swatch{display:inline-block;width:.75em;height:.75em;margin-right:.45em;border-radius:2px}`;

function tableRow(record: RecordRegion): string {
  const { kind, state, name, guid, attributes, dataBytes } = record;
  const cells = [
    `<td class="code">${hex(record.start)}</td>`,
    `<td class="number">${bytesOf(record)}</td>`,
    `<td><span class="swatch" style="background:var(--${className(kind)})"></span>${kind}</td>`,
    `<td class="code">${hex(state)}</td>`,
    `<td class="name">${xmlText(cutText(printable(name), NAME_CELLS))}</td>`,
    `<td class="code" title="${guid}">${guidName(guid)}</td>`,
    `<td class="code">${attributesText(attributes)}</td>`,
    `<td class="number">${dataBytes}</td>`,
  ];
  return `<tr>${cells.join("")}</tr>`;
}
