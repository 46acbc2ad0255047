import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { formatVolume, OVMF_2M, writeRecords } from "../../src/formats/edk2-store.ts";
import { flashMap, recordsOf } from "../../src/pictures/flash-map.ts";
import { flashMapHtml } from "../../src/pictures/flash-map-html.ts";
import { flashMapSvg } from "../../src/pictures/flash-map-svg.ts";
import { DARK, LIGHT } from "../../src/pictures/palette.ts";
import { fixtureBytes } from "../support/fixtures.ts";
import { chromium } from "./support/chromium.ts";
import { fresh, need, read } from "./support/tools.ts";

need("chromium");

const map = flashMap(fixtureBytes("stores/ovmf-4m-firstboot.fd.gz"));
const about = { fileName: "vars.fd", sha256: "00".repeat(32) };
const DOCUMENTS = { svg: flashMapSvg(map, about.fileName), html: flashMapHtml(map, about) };

/** How often each colour occurs in a screenshot, by "#rrggbb". */
function colorsOf(document: string, extension: string, scheme: "light" | "dark"): Map<string, number> {
  const path = `${fresh()}.png`;
  const preferred = `--blink-settings=preferredColorScheme=${scheme === "dark" ? 0 : 1}`;
  chromium(document, extension, preferred, "--window-size=1200,1100", `--screenshot=${path}`);
  return countColors(read(path));
}

/** Colours of a PNG of 8 bits a channel without interlace (PNG specification, sections 9 and 11). */
function countColors(png: Uint8Array): Map<string, number> {
  const view = new DataView(png.buffer, png.byteOffset);
  const parts: Uint8Array[] = [];
  for (let at = 8; at < png.length; at += 12 + view.getUint32(at)) {
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    if (type === "IDAT") parts.push(png.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  const [width, height, bits, colorType] = [view.getUint32(16), view.getUint32(20), png[24], png[25]];
  expect([bits, png[28]]).toEqual([8, 0]);
  const channels = colorType === 6 ? 4 : 3;
  const pixels = unfilter(inflateSync(Buffer.concat(parts)), width * channels, height, channels);
  const counts = new Map<string, number>();
  for (let at = 0; at < pixels.length; at += channels) {
    const color = `#${Buffer.from(pixels.subarray(at, at + 3)).toString("hex")}`;
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  return counts;
}

function unfilter(rows: Uint8Array, rowBytes: number, height: number, step: number): Uint8Array {
  const pixels = new Uint8Array(rowBytes * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (rowBytes + 1)];
    for (let x = 0; x < rowBytes; x++) {
      const at = y * rowBytes + x;
      const left = x >= step ? (pixels[at - step] as number) : 0;
      const up = y > 0 ? (pixels[at - rowBytes] as number) : 0;
      const corner = x >= step && y > 0 ? (pixels[at - rowBytes - step] as number) : 0;
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter as number] as number;
      pixels[at] = (rows[y * (rowBytes + 1) + 1 + x] as number) + predicted;
    }
  }
  return pixels;
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(estimate - value)) as [number, number, number];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

describe.each(["svg", "html"] as const)("chromium shows the %s", (extension) => {
  test.each([
    ["light", LIGHT],
    ["dark", DARK],
  ] as const)("in the %s palette's colours", (scheme, palette) => {
    const colors = colorsOf(DOCUMENTS[extension], extension, scheme);
    expect(colors.size).toBeGreaterThan(50);
    const seen = (color: string) => colors.get(color) ?? 0;
    expect(seen(palette.page)).toBeGreaterThan(100_000);
    // 11492 of 16 KiB in the strip, and at least the legend's box of the others.
    expect(seen(palette.kinds.live)).toBeGreaterThan(200_000);
    for (const kind of ["dead", "headers", "event log", "ftw work", "ftw spare", "free"] as const) {
      expect(seen(palette.kinds[kind]), kind).toBeGreaterThan(100);
    }
  });

  test("with a tooltip a record", () => {
    const dom = chromium(DOCUMENTS[extension], extension, "--dump-dom");
    expect(dom).not.toContain("parsererror");
    for (const { name } of recordsOf(map)) expect(dom).toContain(`<title>${name}\n`);
  });
});

test("a hostile name is shown as text in both", () => {
  const name = `</title><img src="x" onerror="document.title='broken'">&\ud800\u0001`;
  const store = formatVolume(OVMF_2M);
  const guid = "11111111-2222-3333-4444-555555555555";
  writeRecords(store, OVMF_2M, [{ name, guid, attributes: 7, state: 0x3f, data: new Uint8Array(400) }]);
  const hostile = flashMap(store);
  for (const [extension, document] of [
    ["svg", flashMapSvg(hostile, name)],
    ["html", flashMapHtml(hostile, { ...about, fileName: name })],
  ] as const) {
    const dom = chromium(document, extension, "--dump-dom");
    expect(dom).not.toContain("parsererror");
    expect(dom).not.toMatch(/<img|<title>broken/);
    expect(dom).toContain("&amp;\\ud800\\u0001");
  }
});
