import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coreSources, edgeMap } from "../../src/fuzz/fuzz-core.ts";
import type { FoundFailure, FuzzRun, Sample } from "../../src/fuzz/fuzz-run.ts";
import { timeChart } from "../../src/fuzz/report/chart.ts";
import { fuzzReport } from "../../src/fuzz/report.ts";
import { parseXml } from "../support/xml.ts";

const HOSTILE = `</title></pre><script>alert("1")</script>&\u0007\ud800\u202e]]>`;
const SHOWN =
  "&lt;/title&gt;&lt;/pre&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;\\u0007\\ud800\\u202e]]&gt;";

const sample = (seconds: number, covered: number, corpus: number): Sample => ({
  seconds,
  runs: 100 * seconds,
  calls: 700 * seconds,
  covered,
  features: 2 * covered,
  corpus,
  findings: 0,
});

const finding = (more: Partial<FoundFailure> = {}): FoundFailure => ({
  oracle: "memory",
  text: "StrayWrite: guest address 0x1c00",
  run: 4711,
  count: 3,
  input: Uint8Array.of(0x41, 0x42, 0xff),
  replay: "xenefi fuzz auth --replay stray-write.bin",
  ...more,
});

const run = (more: Partial<FuzzRun> = {}): FuzzRun => ({
  target: "auth",
  seed: 7,
  jobs: 2,
  machine: "a processor, Node 20",
  started: new Date("2026-01-02T03:04:05Z"),
  ended: new Date("2026-01-02T04:04:15Z"),
  runs: 1_234_567,
  calls: 9_876_543,
  edges: 200,
  samples: [sample(0, 10, 1), sample(1800, 90, 40), sample(3600, 120, 50)],
  statements: [
    { file: "assembly/b.ts", line: 2, covered: true },
    { file: "assembly/b.ts", line: 3, covered: true },
    { file: "assembly/b.ts", line: 3, covered: false },
    { file: "assembly/b.ts", line: 4, covered: false },
    { file: "assembly/a.ts", line: 1, covered: true },
  ],
  sources: { "assembly/a.ts": "one();\n", "assembly/b.ts": "// <b>\ntwo();\nthree(); four();\nfive();\n" },
  findings: [finding()],
  corpus: {
    inputs: 50,
    bytes: 12_345,
    lengths: new Map([
      [3, 20],
      [4, 30],
    ]),
    kinds: new Map([
      ["GetVariable", 25],
      ["SetVariable", 75],
    ]),
    machines: new Map([["0 ovmf-4m", 50]]),
  },
  ...more,
});

/** The elements of a page, whose doctype, void elements and attributes without value are none of XML's. */
function elementsOf(page: string) {
  return parseXml(
    page
      .replace("<!DOCTYPE html>\n", "")
      .replaceAll(/<meta [^>]*>/g, "")
      .replaceAll("<details open>", "<details>"),
  );
}

const texts = (page: string, name: string) =>
  elementsOf(page)
    .filter((element) => element.name === name)
    .map(({ text }) => text.trim());

/** Name and value of the figures at the top. */
function figuresOf(page: string): Record<string, string> {
  const values = texts(page, "dd");
  return Object.fromEntries(texts(page, "dt").map((name, i) => [name, values[i] as string]));
}

test("the page has the run's figures", () => {
  const page = fuzzReport(run());
  expect(figuresOf(page)).toEqual({
    Runs: "1\u202f234\u202f567",
    "Runs per second": "341",
    Calls: "9\u202f876\u202f543",
    "Calls per second": "2.73k",
    Duration: "1:00:10",
    "Edges taken": "60.0 %",
    "Inputs kept": "50",
    Findings: "1",
  });
  expect(texts(page, "p")[0]).toBe(
    "Seed 7, 2 jobs, a processor, Node 20; 2026-01-02 03:04:05 UTC to 2026-01-02 04:04:15 UTC.",
  );
});

test.each<[string, Partial<FuzzRun>]>([
  ["of a real core's sources", realCoverage()],
  ["without findings", { findings: [] }],
  ["of a target that counts no statements", { statements: [], edges: 0 }],
  ["without sources", { sources: {} }],
  ["that ended at once", { samples: [], ended: new Date("2026-01-02T03:04:05Z"), runs: 0, calls: 0 }],
  ["of one sample", { samples: [sample(0, 1, 1)] }],
  ["of ten thousand samples", { samples: Array.from({ length: 10_000 }, (_, i) => sample(i, i, i)) }],
  [
    "of an empty corpus",
    { corpus: { inputs: 0, bytes: 0, lengths: new Map(), kinds: new Map(), machines: new Map() } },
  ],
])("the page of a run %s is well-formed, and has no number that is none", (_, more) => {
  const page = fuzzReport(run(more));
  expect(elementsOf(page).at(-1)?.name).toBe("html");
  const withoutSources = page.replaceAll(/<pre class="source">.*?<\/pre>/gs, "");
  expect(withoutSources).not.toMatch(/NaN|Infinity|undefined|\[object/);
});

test("nothing is loaded from anywhere, and nothing runs", () => {
  const page = fuzzReport(run(realCoverage())).replaceAll("http://www.w3.org/2000/svg", "");
  const withoutSources = page.replaceAll(/<pre class="source">.*?<\/pre>/gs, "");
  expect(withoutSources).not.toMatch(/https?:|\bsrc=|href=|@import|<script|<link|url\(|\bon\w+=/);
});

describe("hostile texts stay text", () => {
  test.each<[string, Partial<FuzzRun>, number]>([
    ["target", { target: HOSTILE }, 2],
    ["machine", { machine: HOSTILE }, 1],
    ["check", { findings: [finding({ oracle: HOSTILE })] }, 1],
    ["failure", { findings: [finding({ text: HOSTILE })] }, 1],
    ["trace", { findings: [finding({ trace: `1\t${HOSTILE}\n2` })] }, 1],
    ["command line", { findings: [finding({ replay: HOSTILE })] }, 1],
    ["file", { statements: [{ file: HOSTILE, line: 1, covered: true }] }, 1],
    ["source", { sources: { "assembly/a.ts": HOSTILE } }, 1],
    ["kind of step", { corpus: { ...run().corpus, kinds: new Map([[HOSTILE, 1]]) } }, 1],
    ["machine of a sequence", { corpus: { ...run().corpus, machines: new Map([[HOSTILE, 1]]) } }, 1],
  ])("%s", (_, more, times) => {
    const page = fuzzReport(run(more));
    for (const part of ["<script", "\u0007", "\ud800", "\u202e"]) expect(page).not.toContain(part);
    expect(page.split(SHOWN).length - 1).toBe(times);
  });

  test("whatever they are, the page is well-formed", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, text, text, (target, oracle, words, trace) => {
        const page = fuzzReport(run({ target, findings: [finding({ oracle, text: words, trace, replay: words })] }));
        elementsOf(page);
      }),
      { numRuns: 200 },
    );
  });
});

describe("coverage", () => {
  const page = fuzzReport(run());

  test("files stand in order with their statements", () => {
    expect(texts(page, "summary").slice(-2)).toEqual(["assembly/a.ts1 / 1100.0 %", "assembly/b.ts2 / 450.0 %"]);
    expect(page).toContain("<h2>Statements of the core: 60.0 %</h2>");
    expect(page).toContain('style="width:50%"');
  });

  test("a line is missed where one of its statements is, and says so by a sign and a number", () => {
    expect(page).toContain(
      `<pre class="source">  1  // &lt;b&gt;\n<span class="reached">✓ 2  two();\n</span><span class="missed">✗ 3  three(); four();\n✗ 4  five();\n</span></pre>`,
    );
  });

  test("what no guest comes to is not counted, and stands with its reason behind the files", () => {
    const statements = [
      { file: "assembly/b.ts", line: 2, covered: true },
      { file: "assembly/b.ts", line: 3, covered: false, outOfReach: "the <host>'s" },
      { file: "assembly/c.ts", line: 1, covered: false, outOfReach: "the <host>'s" },
    ];
    const page = fuzzReport(run({ statements }));
    expect(texts(page, "h2")).toContain("Statements of the core: 100.0 %");
    expect(texts(page, "li")).toEqual(["assembly/b.ts: 1, the <host>'s", "assembly/c.ts: 1, the <host>'s"]);
    expect(texts(page, "summary").filter((text) => text.includes("assembly/c.ts"))).toEqual([]);
  });

  test("where there is no text, the missed lines have their numbers", () => {
    const bare = fuzzReport(run({ sources: {} }));
    expect(bare).toContain("<p>All lines were reached.</p>");
    expect(bare).toContain("<p>Not reached: lines 3, 4</p>");
  });

  test("the core's sources are shipped: each statement begins in a line that has text", () => {
    const sources = coreSources();
    const { statements } = edgeMap();
    expect(statements.length).toBeGreaterThan(2000);
    const lines = new Map(Object.entries(sources).map(([file, text]) => [file, text.split("\n")]));
    const empty = statements.filter(
      ({ file, line, column }) => (lines.get(file)?.[line - 1] ?? "").slice(column - 1).trim() === "",
    );
    expect(empty).toEqual([]);
    expect(sources["assembly/services/auth.ts"]).toBe(
      readFileSync(new URL("../../assembly/services/auth.ts", import.meta.url), "utf8"),
    );
    const packed = readFileSync(new URL("../../build/fuzz-sources.z", import.meta.url));
    expect(packed.length).toBeLessThan(150_000);
  });
});

describe("findings", () => {
  test("each has check, text, counts, bytes and how to see it again", () => {
    const page = fuzzReport(run({ findings: [finding({ trace: "1  SetVariable\n   a < b" })] }));
    const [section] = texts(page, "section") as [string];
    for (const part of [
      "memory StrayWrite: guest address 0x1c00",
      "First in run 4\u202f711, seen 3 times. The smallest input has 3 bytes.",
      "1  SetVariable\n   a < b",
      "00000000  41 42 ff",
      "Again: xenefi fuzz auth --replay stray-write.bin",
    ]) {
      expect(section).toContain(part);
    }
  });

  test("the bytes are open where nothing else shows the input", () => {
    expect(fuzzReport(run({ statements: [] }))).toContain("<details open>");
    expect(fuzzReport(run({ statements: [], findings: [finding({ trace: "1" })] }))).not.toContain("<details open>");
  });
});

describe("corpus", () => {
  test("counts stand with their part of all, the most frequent first", () => {
    const rows = texts(fuzzReport(run()), "tr");
    expect(rows).toEqual([
      "32040.0 %",
      "43060.0 %",
      "SetVariable7575.0 %",
      "GetVariable2525.0 %",
      "0 ovmf-4m50100.0 %",
    ]);
  });

  test("lengths stand in at most twelve classes, the empty ones among them", () => {
    const lengths = new Map([
      [1, 5],
      [25, 1],
    ]);
    const rows = texts(
      fuzzReport(run({ corpus: { ...run().corpus, lengths, kinds: new Map(), machines: new Map() } })),
      "tr",
    );
    expect(rows.map((row) => row.slice(0, 6))).toEqual([
      "1–3583",
      "4–600.",
      "7–900.",
      "10–120",
      "13–150",
      "16–180",
      "19–210",
      "22–240",
      "25–271",
    ]);
  });
});

describe("a chart", () => {
  const points = [
    { seconds: 0, value: 0 },
    { seconds: 50, value: 100 },
    { seconds: 100, value: 150 },
  ];
  const pathOf = (svg: string) => /class="line" d="([^"]*)"/.exec(svg)?.[1];
  const labels = (svg: string, style: string) =>
    [...svg.matchAll(new RegExp(`class="${style}[^"]*"[^>]*>([^<]*)<`, "g"))].map(([, text]) => text);

  test("has its points to scale, level until the next", () => {
    expect(pathOf(timeChart({ title: "t", points }))).toBe("M46 200H237V76H428V14");
  });

  test("has round values and times at its axes", () => {
    const svg = timeChart({ title: "t", points, limit: { value: 2304, label: "all" } });
    expect(labels(svg, "value")).toEqual(["0", "500", "1k", "1.5k", "2k", "2.5k"]);
    expect(labels(svg, "time")).toEqual(["0:00:00", "0:00:30", "0:01:00", "0:01:30"]);
    expect(labels(svg, "limit-label")).toEqual(["all"]);
  });

  test("of many points draws some hundred, and the last one", () => {
    const many = Array.from({ length: 100_001 }, (_, i) => ({ seconds: i, value: i }));
    const path = pathOf(timeChart({ title: "t", points: many })) as string;
    expect(path.length).toBeLessThan(10_000);
    expect(path).toMatch(/H428V14(\.\d)?$/);
  });
});

/** Every second statement of the core. */
function realCoverage(): Partial<FuzzRun> {
  const statements = edgeMap().statements.map(({ file, line }, i) => ({ file, line, covered: i % 2 === 0 }));
  return { statements, sources: coreSources() };
}
