import { describe, expect, test } from "vitest";
import type { Report } from "../../src/bench/report.ts";
import { compare } from "../../src/bench/verdict.ts";
import { benchBars } from "../../src/pictures/bench-bars.ts";
import { benchDots } from "../../src/pictures/bench-dots.ts";
import { benchHtml } from "../../src/pictures/bench-html.ts";
import { benchLines } from "../../src/pictures/bench-lines.ts";
import { CHART_WIDTH, linearTicks, logScale, logTicks, sizeText, timeText } from "../../src/pictures/chart.ts";
import { madeReport, rowOf } from "../support/bench-report.ts";
import { parseXml, type XmlElement } from "../support/xml.ts";

/** The elements of a page's body. */
function bodyOf(page: string): XmlElement[] {
  return parseXml(page.slice(page.indexOf("<body>"), page.indexOf("</body>") + "</body>".length));
}

function named(elements: readonly XmlElement[], name: string): XmlElement[] {
  return elements.filter((element) => element.name === name);
}

describe("the page", () => {
  const before = madeReport({ rows: madeReport().rows.map((row, i) => (i === 1 ? rowOf(row, 2) : row)) });
  const page = benchHtml(madeReport(), compare(before, madeReport()));
  const body = bodyOf(page);

  test("needs nothing from elsewhere, and no script", () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\bsrc=|\bhref=|\bon\w+=/i);
    expect(page.match(/https?:\/\/[^"]*/g)?.filter((url) => url !== "http://www.w3.org/2000/svg")).toEqual([]);
  });

  test("has every operation in pictures and in the table of all figures", () => {
    const cells = named(body, "td").map(({ text }) => text);
    for (const { operation } of madeReport().rows) {
      expect(page.split(operation).length).toBeGreaterThan(2);
      expect(cells.some((cell) => cell.startsWith(operation))).toBe(true);
    }
  });

  test("has pictures with words for those who do not see them, by names that are there once", () => {
    const pictures = named(body, "svg");
    expect(pictures).toHaveLength(5);
    const ids = body.flatMap(({ attributes }) => attributes.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { attributes } of pictures) {
      expect(attributes.role).toBe("img");
      const [title, description] = (attributes["aria-labelledby"] as string).split(" ");
      const byId = (id?: string) => body.find((element) => element.attributes.id === id);
      expect([byId(title)?.name, byId(description)?.name]).toEqual(["title", "desc"]);
      expect(byId(description)?.text).toMatch(/\d ns/);
    }
  });

  test("follows the reader's scheme of colours", () => {
    expect(page).toContain('<meta name="color-scheme" content="light dark">');
    expect(page).toContain("@media (prefers-color-scheme:dark)");
  });

  test("says what has changed, and all that was compared behind a summary", () => {
    const rows = named(body, "tr").filter(({ attributes }) => attributes.class === "slower");
    expect(rows[0]?.text).toBe("GetVariable, one2.00 ×5.00 ×2.50slower");
    expect(named(body, "summary")[0]?.text).toBe("All 7 operations");
    expect(page).toContain("1 of 7 operations are slower by more than 25.0 %");
  });

  test("states machine, noise, stalls, and what was not measured", () => {
    for (const text of [
      "A processor, 2 cores, linux x64, Node v20.20.2",
      "varied by 2.0 % over 30 rounds",
      "no p99 of a single call",
      "<td>without, in as much time</td>",
      "<li>GetTime: UNSUPPORTED: not offered</li>",
    ]) {
      expect(page).toContain(text);
    }
  });
});

test.each([
  ["without a trace", { rows: madeReport().rows.filter(({ group }) => group !== "trace") }, 4],
  ["of an empty store", { distribution: null, stalls: null, read: null }, 4],
  ["of the store alone", { rows: madeReport().rows.slice(0, 2), distribution: null, skipped: [] }, 1],
] as [string, Partial<Report>, number][])("a report %s is a page, too", (_, changes, pictures) => {
  expect(named(bodyOf(benchHtml(madeReport(changes), undefined)), "svg")).toHaveLength(pictures);
});

test("hostile names are text", () => {
  const name = `</title><script>alert("&")</script>\u0001\ud800`;
  const store = { file: name, format: "edk2", sha256: "aa" };
  const { subject, distribution } = madeReport();
  const variables = [{ name, guid: "11111111-2222-3333-4444-555555555555", bytes: 1, ns: 40 }];
  const read = { name, guid: "11111111-2222-3333-4444-555555555555", bytes: 1 };
  const page = benchHtml(
    madeReport({
      subject: { ...subject, store, trace: { file: name, sha256: "bb", timedCalls: 1, playedCalls: 1 } },
      machine: { ...madeReport().machine, cpu: name },
      read,
      skipped: [{ group: "store", operation: "GetTime", why: name }],
      distribution: distribution && { ...distribution, variables },
    }),
    undefined,
  );
  expect(page).not.toContain("<script");
  expect(bodyOf(page).length).toBeGreaterThan(50);
});

describe("bars", () => {
  const rows = [1, 5, 20].map((ratio, i) => rowOf({ group: "store", operation: `Operation ${i}` }, ratio));
  const bars = parseXml(benchBars("bars", "Bars", rows));
  const widths = named(bars, "rect").map(({ attributes }) => Number(attributes.width));

  test("are as long as p50 and p20 are", () => {
    // Two of the legend; then p50 and p20 of each.
    const [p50, p20, , , longest] = widths.slice(2) as [number, number, number, number, number];
    expect(p50 / p20).toBeCloseTo(1.1, 1);
    expect(longest / p50).toBeCloseTo(20, 0);
  });

  test("stay in the picture, with their figures", () => {
    expect(Math.max(...widths)).toBeLessThan(CHART_WIDTH - 400);
    const texts = named(bars, "text").map(({ text }) => text);
    expect(texts).toEqual(expect.arrayContaining(["Operation 2", "200.0 ns", "20.0 ×", "nanoseconds a call"]));
  });
});

describe("lines", () => {
  const LINES = { id: "l", title: "Lines", axis: "variables", stepText: String, isLogarithmic: false };
  const rows = ["A", "B", "C", "D"].flatMap((operation, i) =>
    [10, 3000].map((at) => rowOf({ group: "growth", operation, at }, 5 + i / 100)),
  );
  const lines = parseXml(benchLines(rows, LINES));

  test("have a name each at their ends, no two in one place", () => {
    const ends = named(lines, "text").filter(({ text }) => /^[A-D]$/.test(text));
    const heights = ends.map(({ attributes }) => Number(attributes.y)).sort((a, b) => a - b);
    expect(heights).toHaveLength(4);
    for (const [i, y] of heights.entries()) if (i > 0) expect(y - (heights[i - 1] as number)).toBeGreaterThan(19);
  });

  test("have a tooltip at each point", () => {
    const tips = named(lines, "title").map(({ text }) => text);
    expect(tips).toEqual(expect.arrayContaining(["A, 10: 50.0 ns", "D, 3000: 50.3 ns"]));
  });

  test("have an axis of logarithms where it is asked for", () => {
    const sizes = [8, 4096].map((at) => rowOf({ group: "size", operation: "A", at }, at));
    const texts = named(parseXml(benchLines(sizes, { ...LINES, isLogarithmic: true })), "text").map(({ text }) => text);
    expect(texts).toEqual(
      expect.arrayContaining(["50", "100", "1000", "50000", "nanoseconds a call, p20 (logarithmic)"]),
    );
  });
});

describe("dots", () => {
  const distribution = (count: number) => ({
    batch: 64,
    passes: 9,
    spread: { min: 40, p50: 40, p90: 40, p99: 41, max: 90 },
    variables: Array.from({ length: count }, (_, i) => ({
      name: `V${i}`,
      guid: "",
      bytes: 4,
      ns: i + 1 === count ? 90 : 40,
    })),
  });

  test.each([
    [1, 1],
    [300, 300],
    [3000, 1001],
  ])("of %i variables are %i, the dearest among them", (count, dots) => {
    const circles = named(parseXml(benchDots(distribution(count))), "circle");
    expect(circles).toHaveLength(dots);
    expect(circles.at(-1)?.text).toBe(`V${count - 1}, 4 B: 90.0 ns`);
  });

  test("have percentiles at the edge, no two in one place", () => {
    const texts = named(parseXml(benchDots(distribution(9))), "text");
    const levels = texts.filter(({ text }) => /^(min|p50|p90|p99|max) /.test(text));
    expect(levels.map(({ text }) => text)).toEqual([
      "min 40.0 ns",
      "p50 40.0 ns",
      "p90 40.0 ns",
      "p99 41.0 ns",
      "max 90.0 ns",
    ]);
    const heights = levels.map(({ attributes }) => Number(attributes.y));
    for (const [i, y] of heights.entries())
      if (i > 0) expect((heights[i - 1] as number) - y).toBeGreaterThanOrEqual(17);
  });
});

test.each([
  [9, [0, 2, 4, 6, 8, 10]],
  [200, [0, 50, 100, 150, 200]],
  [207, [0, 50, 100, 150, 200, 250]],
  [0.3, [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]],
  [1e6, [0, 200000, 400000, 600000, 800000, 1000000]],
])("steps up to %d are %j", (most, ticks) => {
  expect(linearTicks(most)).toEqual(ticks);
});

test.each([
  [38, 930, [20, 50, 100, 200, 500, 1000]],
  [50, 100, [50, 100]],
  [40, 40, [20, 50]],
  [50, 50, [50, 100]],
  [0.5, 3, [1, 2, 5]],
])("logarithmic steps from %d to %d are %j", (least, most, ticks) => {
  expect(logTicks(least, most)).toEqual(ticks);
});

test("a scale of logarithms has equal ways for equal factors, and 0 where 1 is", () => {
  const scale = logScale(0, 10_000, 0, 100);
  expect([0, 1, 10, 100, 10_000].map((value) => Math.round(scale(value)))).toEqual([0, 0, 25, 50, 100]);
});

test.each([
  [9.04, "9.0 ns"],
  [1250, "1.25 µs"],
  [3_100_000, "3.10 ms"],
])("%d ns is %s", (ns, text) => {
  expect(timeText(ns)).toBe(text);
});

test.each([
  [0, "0 B"],
  [1000, "1000 B"],
  [4096, "4 KiB"],
])("%i bytes are %s", (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});
