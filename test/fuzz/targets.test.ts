import { describe, expect, test } from "vitest";
import type { Format } from "../../src/formats/format.ts";
import { FORMATS } from "../../src/formats/index.ts";
import { Behaviours } from "../../src/fuzz/behaviours.ts";
import { ByteTarget, type Subject } from "../../src/fuzz/byte-target.ts";
import { Engine } from "../../src/fuzz/engine.ts";
import { Shown } from "../../src/fuzz/target.ts";
import { FileSubject, fuzzFunctionOf } from "../../src/fuzz/targets/file.ts";
import { HANDOVER_READERS, HandoverSubject } from "../../src/fuzz/targets/handover.ts";
import { BYTE_TARGETS, makeTarget } from "../../src/fuzz/targets/index.ts";
import { ServeSubject } from "../../src/fuzz/targets/serve.ts";
import { StoresSubject } from "../../src/fuzz/targets/stores.ts";
import { TraceSubject } from "../../src/fuzz/targets/trace.ts";
import { Session } from "../../src/protocol/session.ts";
import { Random } from "../../src/random.ts";
import { parseTrace } from "../../src/trace/format.ts";

const SEED = Number(process.env.XENEFI_SEED ?? 20251125);

/** The findings of a subject after so many runs behind its seeds. */
function findingsOf(subject: Subject, runs: number) {
  const target = new ByteTarget(subject, new Random(SEED));
  const engine = new Engine(target, { seed: SEED, findingsMax: 3 });
  for (const input of subject.seeds) engine.offer(input);
  engine.run(runs);
  return engine.findings.map(({ failure: { oracle, text }, input }) => ({ oracle, text, input }));
}

/** The formats with one whose methods are others. */
function formatsWith(name: string, others: (format: Format) => Partial<Format>): Format[] {
  return FORMATS.map((format) => (format.name === name ? { ...format, ...others(format) } : format));
}

/** Throws as a reader that forgot a check does. */
function forget(): never {
  throw new TypeError("planted");
}

describe.each(Object.keys(BYTE_TARGETS))("%s", (name) => {
  test("takes its seeds and what is made of them without a finding, the same each time", () => {
    const shown = [1, 2].map(() => {
      const target = makeTarget(name, { seed: SEED });
      const engine = new Engine(target, { seed: SEED, findingsMax: 5 });
      for (const input of target.seeds) engine.offer(input);
      engine.run(1000);
      expect(engine.findings.map(({ failure }) => failure)).toEqual([]);
      return { inputs: engine.corpus.inputs, coverage: target.coverage() };
    });
    expect(shown[0]).toEqual(shown[1]);
    expect(shown[0]?.inputs.length).toBeGreaterThan(20);
  });

  test("reads most of its seeds to the end", () => {
    const seeds = makeTarget(name, { seed: SEED }).seeds;
    expect(seeds.length).toBeGreaterThan(5);
    for (const seed of seeds) expect(seed.length).toBeGreaterThan(0);
  });
});

describe("a planted fault is found and made small", { timeout: 180_000 }, () => {
  test.each<[string, Subject, string, RegExp]>([
    [
      "a store reader that throws what is no FormatError",
      new StoresSubject(
        [],
        formatsWith("uboot", ({ parse }) => ({ parse: (b) => (b[20] === 0 ? forget() : parse(b)) })),
      ),
      "crash",
      /^TypeError: planted in /,
    ],
    [
      "a writer that loses data",
      new StoresSubject(
        [],
        formatsWith("hyperv", ({ serialize }) => ({
          serialize: (all) => serialize(all.map((each) => ({ ...each, data: each.data.slice(0, 1) }))),
        })),
      ),
      "store",
      /^hyperv: what is written is not what is read again$/,
    ],
    [
      "an edit that changes what was not changed",
      new StoresSubject(
        [],
        formatsWith("dmpstore", () => ({ edit: (base) => base.map((byte) => byte ^ 1) })),
      ),
      "store",
      /^dmpstore: an edit without a change changes bytes$/,
    ],
    [
      "a trace reader that throws what is no FormatError",
      new TraceSubject([], (text) => (/"misc":[^0-9]/.test(text) ? forget() : parseTrace(text))),
      "crash",
      /^TypeError: planted in /,
    ],
    [
      "a session that throws",
      new ServeSubject([], (open) => {
        const session = new Session(open);
        const receive = session.receive.bind(session);
        session.receive = (frame) => (frame.length > 8 && frame[8] === 0xff ? forget() : receive(frame));
        return session;
      }),
      "crash",
      /^TypeError: planted in /,
    ],
    [
      "a session that answers with another tag",
      new ServeSubject([], (open) => {
        const session = new Session(open);
        const receive = session.receive.bind(session);
        session.receive = (frame) => {
          const answer = receive(frame);
          answer[6] = frame[6] === 2 ? 2 : 3;
          return answer;
        };
        return session;
      }),
      "protocol",
      /^a frame of type \d: another tag$/,
    ],
    [
      "a writer of trees that forgets the boot CPU",
      new HandoverSubject(
        [],
        HANDOVER_READERS.map((reader) =>
          reader.name !== "device tree"
            ? reader
            : {
                ...reader,
                write: (tree: never) => reader.write?.({ ...(tree as object), bootCpu: 0 } as never) ?? forget(),
              },
        ),
      ),
      "store",
      /^device tree: what is written is not what is read again$/,
    ],
    [
      "somebody's own function that throws",
      new FileSubject([Uint8Array.of(1, 2, 3)], (data) => {
        if (data.includes(Buffer.from([1, 2, 3]))) throw new Error("planted");
      }),
      "crash",
      /^Error: planted in /,
    ],
  ])("%s", (_, subject, oracle, text) => {
    const found = findingsOf(subject, 20_000);
    expect(found.map((finding) => finding.oracle)).toContain(oracle);
    expect(found.find((finding) => finding.oracle === oracle)?.text).toMatch(text);
  });

  test("to as few bytes as show it", () => {
    const [found] = findingsOf(
      new FileSubject([Uint8Array.of(1, 2, 3)], (data) => {
        if (data.includes(Buffer.from([1, 2, 3]))) throw new Error("planted");
      }),
      5000,
    );
    expect(found?.input).toEqual(Uint8Array.of(1, 2, 3));
  });
});

/** A subject that takes so many milliseconds. */
function slow(milliseconds: number, most: number): Subject {
  return {
    ...{ name: "slow", bytesMax: 16, seeds: [Uint8Array.of(1)], tokens: [] },
    millisecondsMax: () => most,
    run(_: Uint8Array, __: Behaviours) {
      const end = performance.now() + milliseconds;
      while (performance.now() < end);
      return undefined;
    },
  };
}

test("an input that takes longer than its bound is a slow-unit, and is not made smaller", () => {
  const target = new ByteTarget(slow(8, 4), new Random(1));
  expect(target.run(Uint8Array.of(1, 2))).toBe(Shown.Failure);
  expect(target.failure).toMatchObject({
    oracle: "slow-unit",
    text: expect.stringMatching(/^\d+ ms, more than 4 for 2 bytes$/),
  });
  expect([...target.smaller(Uint8Array.of(1, 2))]).toEqual([]);
});

test("one that another process holds up is none", () => {
  let isFirst = true;
  const subject = slow(0, 4);
  const target = new ByteTarget(
    {
      ...subject,
      run(input, behaviours) {
        const held = isFirst ? 8 : 0;
        isFirst = false;
        return slow(held, 4).run(input, behaviours, false);
      },
    },
    new Random(1),
  );
  expect(target.run(Uint8Array.of(1))).not.toBe(Shown.Failure);
});

describe("somebody's own function", () => {
  test("is that of an ES module or of a CommonJS one", async () => {
    const es = await fuzzFunctionOf(new URL("data:text/javascript,export const fuzz = () => 1"));
    expect(es(Buffer.alloc(0))).toBe(1);
    const common = await fuzzFunctionOf(new URL("data:text/javascript,export default { fuzz: () => 2 }"));
    expect(common(Buffer.alloc(0))).toBe(2);
    const none = new URL("data:text/javascript,export const other = 1");
    await expect(fuzzFunctionOf(none)).rejects.toThrow(/: a module that exports a function fuzz\(data\)$/);
  });

  test("must be synchronous", () => {
    const target = makeTarget("file", { seed: 1, fuzz: async () => {} });
    expect(target.run(Uint8Array.of(1))).toBe(Shown.Failure);
    expect(target.failure?.text).toMatch(/a target must be synchronous/);
  });

  test("cannot change an input that the engine keeps", () => {
    const input = Uint8Array.of(1, 2);
    makeTarget("file", { seed: 1, fuzz: (data) => void data.fill(0) }).run(input);
    expect(input).toEqual(Uint8Array.of(1, 2));
  });
});

test.each([
  ["nothing", /^one of stores, trace, serve, handover, shim, file, not "nothing"$/],
  ["constructor", /^one of stores/],
  ["shim", /^shim: a wasm module$/],
  ["file", /^file: a module's function$/],
])("a target %s cannot be made alone", (name, message) => {
  expect(() => makeTarget(name, { seed: 1 })).toThrow(message);
});

describe("what costs much in a trace is done for some traces, and for any that is to be run thoroughly", () => {
  const trace = (header: object, call: object) =>
    new TextEncoder().encode(
      [
        { format: "xenefi-trace", version: 1, abi: "x86_64", ...header },
        { in: {}, out: {}, ...call },
      ]
        .map((line) => JSON.stringify(line))
        .join("\n"),
    );

  test("it is written and read again", () => {
    // A function's number is read as its name.
    const numbered = (text: string) => {
      const read = parseTrace(text);
      return { ...read, calls: read.calls.map(({ line, call }) => ({ line, call: { ...call, fn: 1 } })) };
    };
    const subject = new TraceSubject([], numbered);
    const behaviours = new Behaviours();
    const input = trace({}, { fn: "get_time" });
    const fails = (thorough: boolean) => {
      behaviours.takeNew();
      return subject.run(input, behaviours, thorough) !== undefined;
    };
    expect(fails(false)).toBe(true);
    const failed = Array.from({ length: 80 }, () => fails(false)).filter(Boolean).length;
    expect(failed).toBe(10);
    expect(Array.from({ length: 20 }, () => fails(true))).not.toContain(false);
  });

  test("a machine is made for it", () => {
    const subject = new TraceSubject([]);
    const behaviours = new Behaviours();
    const plays = (input: Uint8Array, thorough: boolean) => {
      const before = behaviours.count;
      subject.run(input, behaviours, thorough);
      return behaviours.count > before;
    };
    expect(plays(trace({}, { fn: "get_time", out: { ret: 1 } }), false)).toBe(true);
    expect(plays(trace({}, { fn: "get_wakeup_time", out: { ret: 1 } }), false)).toBe(true);
    const others = ["arm64", "x86_32", "arm32"].map((abi) => trace({ abi }, { fn: "set_time", out: { ret: 1 } }));
    expect(others.map((input) => plays(input, false))).toEqual([false, false, false]);
    expect(plays(others[0] as Uint8Array, true)).toBe(true);
  });

  test("a seeded machine is kept as well, by where its answers about free space stand", () => {
    const subject = new TraceSubject([]);
    const behaviours = new Behaviours();
    const header = {
      initial_variables: [{ name: "A", guid: "11111111-2222-3333-4444-555555555555", attr: 7, data: "00" }],
    };
    const query = {
      fn: "query_variable_info",
      in: { attr: 7 },
      out: { ret: 0, max_store_size: 500, remain_store_size: 100 },
    };
    const played = (call: object, thorough: boolean) => {
      const before = behaviours.count;
      subject.run(trace(header, call), behaviours, thorough);
      return behaviours.count > before;
    };
    expect(played({ fn: "get_time", out: { ret: 1 } }, false)).toBe(true);
    expect(played({ fn: "get_wakeup_time", out: { ret: 1 } }, false)).toBe(true);
    expect(played({ ...query, out: { ...query.out, ret: 1 } }, false)).toBe(false);
  });
});
