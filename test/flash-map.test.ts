import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import pc from "picocolors";
import { afterAll, describe, expect, test } from "vitest";
import { Exit } from "../src/cli/io.ts";
import { run } from "../src/cli/run.ts";
import { Client } from "../src/client.ts";
import {
  AAVMF,
  findVolume,
  formatVolume,
  liveEntries,
  OVMF_2M,
  OVMF_4M,
  readLog,
  writeRecords,
} from "../src/formats/edk2-store.ts";
import { Machine } from "../src/machine.ts";
import { bytesOf, type FlashMap, flashMap, hex, KINDS, type Kind, recordsOf } from "../src/pictures/flash-map.ts";
import { flashMapHtml } from "../src/pictures/flash-map-html.ts";
import { flashMapSvg } from "../src/pictures/flash-map-svg.ts";
import { cellsOf, drawFlashMap, GLYPHS, largestRows } from "../src/pictures/flash-map-text.ts";
import { DARK, LIGHT, type Palette } from "../src/pictures/palette.ts";
import { printable } from "../src/printable.ts";
import { textWidth } from "../src/text-width.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { LOGS, storeOf } from "./support/logs.ts";
import { parseXml } from "./support/xml.ts";

const SAMPLES = [
  "stores/ovmf-4m-stock.fd.gz",
  "stores/ovmf-4m-firstboot.fd.gz",
  "stores/ovmf-4m-ms.fd.gz",
  "stores/ovmf-2m-stock.fd.gz",
  "stores/ovmf-2m-reclaimed.fd.gz",
  "stores/flash-var-written.fd.gz",
  "stores/aavmf-firstboot.fd.gz",
  "stores/aavmf-snakeoil.fd.gz",
  "traces/fill-nv.after.fd.gz",
];
const GUID = "11111111-2222-3333-4444-555555555555";
const ABOUT = { fileName: "vars.fd", sha256: "00".repeat(32) };
const plain = (_: Kind, text: string) => text;

function record(name: string, state: number, dataBytes = 1) {
  return { name, guid: GUID, attributes: 7, state, data: new Uint8Array(dataBytes) };
}

/** "kind start-end" of each region. */
function outline(map: FlashMap): string[] {
  return map.regions.map(({ kind, start, end }) => `${kind} ${hex(start)}-${hex(end)}`);
}

function expectCover(map: FlashMap, file: Uint8Array) {
  let at = 0;
  for (const { start, end } of map.regions) {
    expect(start).toBe(at);
    expect(end).toBeGreaterThan(start);
    at = end;
  }
  expect(at).toBe(file.length);
}

function expectSums(map: FlashMap, file: Uint8Array) {
  const log = readLog(file, findVolume(file));
  const sum = (entries: readonly { bytes: number }[]) => entries.reduce((bytes, entry) => bytes + entry.bytes, 0);
  const { sums, quota } = map;
  expect(sums.live + sums["in-transition"]).toBe(sum(liveEntries(log)));
  expect(recordsOf(map).reduce((bytes, region) => bytes + bytesOf(region), 0)).toBe(sum(log));
  expect(recordsOf(map).map(({ name }) => name)).toEqual(log.map(({ name }) => name));
  expect(KINDS.reduce((bytes, kind) => bytes + sums[kind], 0)).toBe(file.length);
  expect(quota.usedBytes).toBe(sum(log));
  expect(quota.reclaimBytes).toBe(sum(log) - sum(liveEntries(log)));
  expect(quota.usedBytes + quota.freeBytes).toBe(quota.capacityBytes);
}

describe("regions cover every byte once, and their sums are the log's", () => {
  test.each(SAMPLES)("%s", (name) => {
    const file = fixtureBytes(name);
    const map = flashMap(file);
    expectCover(map, file);
    expectSums(map, file);
  });

  test("random logs, anywhere in a file", () => {
    const around = fc.record({
      before: fc.constantFrom(0, 0x1000, 0x3000),
      behind: fc.integer({ min: 0, max: 70 }),
      torn: fc.array(fc.integer({ min: 0, max: 0x54 }), { maxLength: 9 }),
    });
    fc.assert(
      fc.property(LOGS, around, (log, options) => {
        const file = storeOf(OVMF_2M, log, options);
        const map = flashMap(file);
        expectCover(map, file);
        expectSums(map, file);
      }),
    );
  });
});

// A machine over a full store reclaims before it answers.
test.each(SAMPLES.filter((name) => !name.includes("fill-nv")))(
  "%s: capacity and free bytes are what QueryVariableInfo answers",
  (name) => {
    const file = fixtureBytes(name);
    const answer = new Client(new Machine({ store: file, start: "attach" })).queryVariableInfo(7);
    const { capacityBytes, freeBytes, largestVariableBytes } = flashMap(file).quota;
    expect([capacityBytes, freeBytes].map(BigInt)).toEqual([answer.maxStoreSize, answer.remainStoreSize]);
    // The firmware's own limit is reached earlier in an empty store.
    expect(BigInt(largestVariableBytes)).toBeGreaterThanOrEqual(answer.maxSize as bigint);
  },
);

describe("areas", () => {
  test.each([
    [
      "OVMF 4M",
      OVMF_4M,
      ["free 0x64-0x40000", "event log 0x40000-0x41000", "ftw work 0x41000-0x42000", "ftw spare 0x42000-0x84000"],
    ],
    [
      "OVMF 2M",
      OVMF_2M,
      ["free 0x64-0xe000", "event log 0xe000-0xf000", "ftw work 0xf000-0x10000", "ftw spare 0x10000-0x20000"],
    ],
    ["AAVMF", AAVMF, ["free 0x64-0x40000", "ftw work 0x40000-0x80000", "ftw spare 0x80000-0xc0000"]],
  ])("of %s's blank volume", (_, geometry, areas) => {
    expect(outline(flashMap(formatVolume(geometry)))).toEqual(["headers 0x0-0x64", ...areas]);
  });

  test("what lies around the volume is outside", () => {
    const regions = outline(flashMap(storeOf(OVMF_2M, [], { before: 0x2000, behind: 5 })));
    expect([regions[0], regions[1], regions.at(-1)]).toEqual([
      "outside 0x0-0x2000",
      "headers 0x2000-0x2064",
      "outside 0x22000-0x22005",
    ]);
  });

  test("a volume without work area has padding behind the variables", () => {
    const geometry = { ...OVMF_2M, storeEnd: 0xd000, workBytes: 0 };
    const file = formatVolume({ ...geometry, workBytes: OVMF_2M.workBytes });
    file.fill(0xff, geometry.workOffset);
    expect(outline(flashMap(file)).slice(1)).toEqual(["free 0x64-0xd000", "padding 0xd000-0x20000"]);
  });

  test("the event log begins on a 4 KiB border", () => {
    const file = formatVolume({ ...OVMF_2M, storeEnd: 0xd800 });
    expect(outline(flashMap(file)).slice(1, 4)).toEqual([
      "free 0x64-0xd800",
      "padding 0xd800-0xe000",
      "event log 0xe000-0xf000",
    ]);
  });
});

describe("kinds of records", () => {
  test.each<[string, number[], Kind[]]>([
    ["added", [0x3f], ["live"]],
    ["in transition without a twin", [0x3e], ["in-transition"]],
    ["in transition before its added twin", [0x3e, 0x3f], ["dead", "live"]],
    ["in transition behind its added twin", [0x3f, 0x3e], ["live", "dead"]],
    ["deleted", [0x3d], ["dead"]],
    ["replaced", [0x3c, 0x3f], ["dead", "live"]],
    ["header valid", [0x7f], ["torn"]],
  ])("%s", (_, states, kinds) => {
    const file = storeOf(
      OVMF_2M,
      states.map((state) => record("V", state)),
    );
    expect(recordsOf(flashMap(file)).map(({ kind }) => kind)).toEqual(kinds);
  });

  test("a header whose writing was cut is torn, and so is what follows it", () => {
    const file = storeOf(OVMF_2M, [record("V", 0xff)]);
    expect(outline(flashMap(file)).slice(1, 4)).toEqual(["torn 0x64-0xa0", "torn 0xa0-0xa5", "free 0xa5-0xe000"]);
  });

  test("bytes behind the log that are not erased are torn", () => {
    const file = storeOf(OVMF_2M, [record("V", 0x3f)], { torn: [0xaa, 0xff, 0x3f] });
    expect(outline(flashMap(file)).slice(1, 4)).toEqual(["live 0x64-0xa8", "torn 0xa8-0xab", "free 0xab-0xe000"]);
  });

  test("a record has name, vendor, attributes, state and sizes", () => {
    const [first] = recordsOf(flashMap(storeOf(OVMF_2M, [record("V", 0x3f, 5)])));
    expect(first).toEqual({
      kind: "live",
      start: 0x64,
      end: 0xac,
      name: "V",
      guid: GUID,
      attributes: 7,
      state: 0x3f,
      dataBytes: 5,
    });
  });
});

describe("what is no healthy volume gives the reader's error", () => {
  const interrupted = storeOf(OVMF_2M, [record("V", 0x3f)]);
  interrupted.copyWithin(OVMF_2M.spareOffset, 0, 0x1000);
  interrupted.fill(0xff, 0, 0x1000);
  const bad = storeOf(OVMF_2M, [record("V", 0x5f)]);

  test.each([
    ["a reclaim that was cut", interrupted, "offset 0x0: a volume header; a reclaim was cut"],
    ["a state that no flash write leaves", bad, "offset 0x66: a state byte that a flash write can leave, not 0x5f"],
    ["blank flash", new Uint8Array(0x20000), "offset 0x0: a variable volume; this is blank flash"],
    ["no bytes", new Uint8Array(0), "offset 0x0: a firmware volume header"],
  ])("%s", (_, file, message) => {
    expect(() => flashMap(file)).toThrow(message);
  });
});

describe("the drawing for a terminal", () => {
  test("a cell shows the first kind that it has a byte of", () => {
    fc.assert(
      fc.property(LOGS, fc.integer({ min: 1, max: 700 }), (log, cellBytes) => {
        const map = flashMap(storeOf(OVMF_2M, log));
        for (const [cell, kind] of cellsOf(map, map.variables, cellBytes).entries()) {
          const start = map.variables.start + cell * cellBytes;
          const inCell = map.regions.filter((region) => region.start < start + cellBytes && region.end > start);
          expect(KINDS.indexOf(kind)).toBe(Math.min(...inCell.map((region) => KINDS.indexOf(region.kind))));
        }
      }),
      { numRuns: 20 },
    );
  });

  test("kinds have different glyphs of one cell", () => {
    expect(new Set(Object.values(GLYPHS)).size).toBe(KINDS.length);
    expect(Object.values(GLYPHS).map(textWidth)).toEqual(KINDS.map(() => 1));
  });

  test.each([30, 72, 80, 81, 132, 300])(
    "has no picture line wider than %i cells, and at most 16 grid rows",
    (columns) => {
      for (const name of ["stores/ovmf-2m-reclaimed.fd.gz", "stores/aavmf-firstboot.fd.gz"]) {
        const rows = drawFlashMap(flashMap(fixtureBytes(name)), columns, plain).match(/^ *0x.*$/gm) as string[];
        expect(Math.max(...rows.map(textWidth))).toBeLessThanOrEqual(columns);
        expect(rows.length).toBeLessThanOrEqual(17);
      }
    },
  );

  test("shows records, free space and areas where they lie", () => {
    const file = storeOf(OVMF_2M, [record("A", 0x3f, 0x1000), record("B", 0x3c, 0x1000)]);
    const lines = drawFlashMap(flashMap(file), 76, plain).split("\n");
    expect(lines.slice(3, 8)).toEqual([
      "headers and variables, 64 bytes a cell",
      `    0x0 ◆${"█".repeat(63)}`,
      ` 0x1000 ███${"░".repeat(61)}`,
      ` 0x2000 ${"░".repeat(4)}${"·".repeat(60)}`,
      ` 0x3000 ${"·".repeat(64)}`,
    ]);
    expect(lines[1]).toMatch(/^ {4}0x0 █+░+·+e+w+s+$/);
  });

  test("the largest records come first, those that stand before the others", () => {
    const log = [record("Dead", 0x3d, 900), record("Small", 0x3f, 10), record("Large", 0x3e, 500)];
    const rows = largestRows(flashMap(storeOf(OVMF_2M, log)));
    expect(rows.slice(1).map((row) => `${row[0]} ${row[4]}`)).toEqual(["▞ Large", "█ Small", "░ Dead"]);
  });
});

describe("the pictures", () => {
  /** Names that are records' tooltips. */
  const tooltips = (svg: string) =>
    parseXml(svg)
      .filter(({ name, text }) => name === "title" && text.includes(", state 0x"))
      .map(({ text }) => text.split("\n")[0]);

  test.each(SAMPLES)("%s: the SVG is well-formed and has a tooltip a record", (name) => {
    const map = flashMap(fixtureBytes(name));
    expect(tooltips(flashMapSvg(map, "vars.fd"))).toEqual(recordsOf(map).map((region) => printable(region.name)));
  });

  test("any names leave the SVG well-formed, with these names and no other elements", () => {
    const elements = new Set(["svg", "title", "style", "defs", "pattern", "path", "rect", "g", "text"]);
    fc.assert(
      fc.property(LOGS, fc.string({ unit: "binary" }), (log, fileName) => {
        const map = flashMap(storeOf(OVMF_2M, log));
        const svg = flashMapSvg(map, fileName);
        expect(new TextDecoder("utf-8", { fatal: true }).decode(new TextEncoder().encode(svg))).toBe(svg);
        expect(parseXml(svg).filter(({ name }) => !elements.has(name))).toEqual([]);
        expect(tooltips(svg).length).toBe(recordsOf(map).length);
      }),
      { numRuns: 50 },
    );
  });

  test("hostile names stay text in the page", () => {
    const hostile = `</title><script>alert("1")</script>&\u0007\ud800\u202e]]>`;
    const map = flashMap(storeOf(OVMF_2M, [record(hostile, 0x3f)]));
    const page = flashMapHtml(map, { ...ABOUT, fileName: hostile });
    for (const part of ["<script", "\u0007", "\ud800", "\u202e"]) expect(page).not.toContain(part);
    const shown = "&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;\\u0007\\ud800\\u202e]]&gt;";
    expect(page.split(shown).length - 1).toBeGreaterThanOrEqual(4);
  });

  test("the page has file name, digest, and a row a record", () => {
    const map = flashMap(fixtureBytes("stores/ovmf-4m-firstboot.fd.gz"));
    const page = flashMapHtml(map, { fileName: "vars.fd", sha256: "ab".repeat(32) });
    expect(page).toContain("<h1>vars.fd</h1>");
    expect(page).toContain("ab".repeat(32));
    const body = page.slice(page.indexOf("<tbody>"), page.indexOf("</tbody>") + 8);
    expect(parseXml(body).filter(({ name }) => name === "tr")).toHaveLength(56);
    expect(body).toContain(`<td class="name">MemoryTypeInformation</td>`);
  });

  test("nothing is loaded from anywhere", () => {
    const page = flashMapHtml(flashMap(fixtureBytes("stores/ovmf-4m-ms.fd.gz")), ABOUT);
    expect(page.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(
      /https?:|\bsrc=|href=|@import|<script|<link|url\((?!#)/,
    );
  });

  test("boxes of the strip have the records' bytes in width", () => {
    const map = flashMap(storeOf(OVMF_2M, [record("V", 0x3f, 61), record("W", 0x3d, 700)]));
    const svg = flashMapSvg(map, "vars.fd");
    // 256 bytes a row of 1024 units.
    const widths = [...svg.matchAll(/<g><title>[VW]\n.*?<\/title>(.*?)<\/g>/gs)].map(([, boxes]) =>
      [...(boxes as string).matchAll(/<rect class="(?:live|dead)"[^>]* width="([\d.]+)"/g)].map((box) =>
        Number(box[1]),
      ),
    );
    expect(widths).toEqual([
      [(0x100 - 0x64 - 28) * 4].map((width) => Math.min(width, 128 * 4)),
      [28 * 4, 1024, 1024, 4 * (764 - 28 - 512)],
    ]);
  });

  test("more records than a viewer can take are refused", () => {
    const geometry = {
      ...OVMF_4M,
      volumeBytes: 0x200000,
      storeEnd: 0x180000,
      workOffset: 0x180000,
      spareOffset: 0x181000,
    };
    const file = formatVolume(geometry);
    writeRecords(
      file,
      geometry,
      Array.from({ length: 20_001 }, (_, i) => record(String(i % 10), 0x3d)),
    );
    expect(() => flashMapSvg(flashMap(file), "vars.fd")).toThrow("a picture has at most 20000 records, not 20001");
  });
});

describe.each<[string, Palette]>([
  ["light", LIGHT],
  ["dark", DARK],
])("the %s palette contrasts as WCAG 2.2 wants it", (_, palette) => {
  const marks = KINDS.filter((kind) => !["free", "padding", "outside"].includes(kind));

  test.each(marks)("%s: with the label on it, and with the page", (kind) => {
    expect(contrast(palette.kinds[kind], palette.label)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(palette.kinds[kind], palette.page)).toBeGreaterThanOrEqual(3);
  });

  test.each([
    ["text", "page"],
    ["quiet", "page"],
  ] as const)("%s on the %s", (ink, ground) => {
    expect(contrast(palette[ink], palette[ground])).toBeGreaterThanOrEqual(4.5);
    expect(contrast(palette[ink], palette.kinds.free)).toBeGreaterThanOrEqual(4.5);
  });
});

/** Contrast of two colours (WCAG 2.2, relative luminance). */
function contrast(a: string, b: string): number {
  const luminance = (color: string) => {
    const [red, green, blue] = [1, 3, 5].map((at) => {
      const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

describe("xenefi info", () => {
  const folder = mkdtempSync(join(tmpdir(), "xenefi-map-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const FIRST_BOOT = fixturePath("stores/ovmf-4m-firstboot.fd.gz");

  async function info(args: string[], { columns, colors = false }: { columns?: number; colors?: boolean } = {}) {
    let out = "";
    let err = "";
    const exit = await run(
      ["info", ...args],
      {
        out: (text) => {
          out += text;
        },
        outBytes: () => {},
        err: (text) => {
          err += text;
        },
        showsProgress: false,
        colors: pc.createColors(colors),
        columns,
      },
      "1.2.3",
    );
    return { exit, out, err };
  }

  test("--map draws below the facts, with legend, quota and largest records", async () => {
    const { exit, out } = await info(["--map", FIRST_BOOT]);
    expect(exit).toBe(Exit.Done);
    expect(out).toMatch(/^format /);
    expect(out).toMatch(/^█ {2}live +11492 +4\.4% +2\.1%$/m);
    expect(out).toMatch(/^a reclaim gives back +4792 bytes, which makes 250552 free$/m);
    expect(out).toMatch(/^░ {2}332 +0x32f8 +NV\+BS\+RT +ConIn +global$/m);
  });

  test("lines keep to the terminal, wide characters in names counted", async () => {
    const path = join(folder, "wide.fd");
    writeFileSync(path, storeOf(OVMF_2M, [record("変数".repeat(30), 0x3f)]));
    const { out } = await info(["--map", path], { columns: 60 });
    const map = out.slice(out.indexOf("\nvolume"));
    expect(map).toContain("変数変");
    expect(Math.max(...map.split("\n").map(textWidth))).toBeLessThanOrEqual(60);
  });

  test("with colours says the same", async () => {
    const { out } = await info(["--map", FIRST_BOOT], { colors: true });
    expect(out).toContain(pc.createColors(true).green("█"));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
    expect(out.replaceAll(/\u001b\[\d+m/g, "")).toBe((await info(["--map", FIRST_BOOT])).out);
  });

  test("--json --map has the regions; without --map there are none", async () => {
    const { map } = JSON.parse((await info(["--json", "--map", FIRST_BOOT])).out);
    expect(map).toEqual(JSON.parse(JSON.stringify(flashMap(fixtureBytes("stores/ovmf-4m-firstboot.fd.gz")))));
    expect(JSON.parse((await info(["--json", FIRST_BOOT])).out)).not.toHaveProperty("map");
  });

  test("--svg and --html write the pictures", async () => {
    const [svg, html] = [join(folder, "a.svg"), join(folder, "a.html")];
    const { exit, out } = await info(["--svg", svg, "--html", html, FIRST_BOOT]);
    expect(exit).toBe(Exit.Done);
    expect(out).not.toContain("█");
    const map = flashMap(fixtureBytes("stores/ovmf-4m-firstboot.fd.gz"));
    expect(readFileSync(svg, "utf8")).toBe(flashMapSvg(map, "ovmf-4m-firstboot.fd.gz"));
    expect(readFileSync(html, "utf8")).toContain("<h1>ovmf-4m-firstboot.fd.gz</h1>");
  });

  test("a picture never replaces its store", async () => {
    const path = join(folder, "store.fd");
    const store = formatVolume(OVMF_2M);
    writeFileSync(path, store);
    const { exit, err } = await info(["--svg", join(folder, ".", "store.fd"), path]);
    expect(exit).toBe(Exit.Usage);
    expect(err).toContain("this is the store itself");
    expect(new Uint8Array(readFileSync(path))).toEqual(store);
  });
});
