import { expect, test } from "vitest";
import { Engine } from "../../src/fuzz/engine.ts";
import type { Failure } from "../../src/fuzz/failure.ts";
import { LocalLane } from "../../src/fuzz/lane.ts";
import { makeTarget } from "../../src/fuzz/make-target.ts";
import { Session } from "../../src/fuzz/session.ts";
import { Shown, type Target } from "../../src/fuzz/target.ts";
import { Random } from "../../src/random.ts";

const MAGIC = [0x78, 0x65, 0x6e];

/** Fails for an input that has the magic's bytes in its first three places; each byte of it that is right is news once. */
class MagicTarget implements Target {
  readonly name = "magic";
  readonly bytesMax = 64;
  calls = 0;
  failure: Failure | undefined;
  readonly #random = new Random(5);
  #best = 0;

  coverage() {
    return { covered: this.#best, total: MAGIC.length, features: this.#best };
  }

  make(into: Uint8Array): number {
    into.fill(0, 0, 32);
    into[0] = this.#random.u32();
    return 32;
  }

  mutate(into: Uint8Array, bytes: number): number {
    into[this.#random.below(bytes)] = this.#random.u32();
    return bytes;
  }

  run(input: Uint8Array): Shown {
    this.calls++;
    let right = 0;
    while (right < MAGIC.length && input[right] === MAGIC[right]) right++;
    this.failure = right === MAGIC.length ? { oracle: "magic", text: `byte ${input[20] ?? 0} is there` } : undefined;
    if (this.failure !== undefined) return Shown.Failure;
    if (right <= this.#best) return Shown.Nothing;
    this.#best = right;
    return Shown.News;
  }

  *smaller(input: Uint8Array): Generator<Uint8Array> {
    if (input.length > 3) yield input.slice(0, input.length - 1);
    if (input.length > 8) yield input.slice(0, input.length >> 1);
  }
}

test("what is new is kept and leads to the fault, which is made small and told once", () => {
  const engine = new Engine(new MagicTarget(), { seed: 1, findingsMax: 5 });
  engine.run(200_000);
  expect(engine.corpus.size).toBe(2);
  expect(engine.findings).toHaveLength(1);
  const [finding] = engine.findings;
  expect([...(finding?.input ?? [])]).toEqual(MAGIC);
  expect(finding?.first).toHaveLength(32);
  expect(finding?.count).toBeGreaterThan(1);
});

test("an input that somebody offers is kept if it shows something new, and cut where it is too long", () => {
  const engine = new Engine(new MagicTarget(), { seed: 1, findingsMax: 5 });
  engine.offer(Uint8Array.from([0x78, 0x65, ...Array(100).fill(0)]));
  engine.offer(Uint8Array.from([0x78, 0, 0]));
  expect(engine.takeNews().map((input) => input.length)).toEqual([64]);
  expect(engine.takeNews()).toEqual([]);
});

const OPTIONS = {
  name: "variables",
  stepsMax: 12,
  counts: true,
  findingsMax: 5,
  variables: 0,
  checks: "none",
} as const;

const lane = (seed: number) => new LocalLane(makeTarget({ ...OPTIONS, seed }), { ...OPTIONS, seed });

/** What two lanes do in three rounds. */
async function story(seed: number): Promise<unknown> {
  const lanes = [lane(seed), lane(seed + 1)];
  const rounds: unknown[] = [];
  const session = new Session(lanes, {
    runs: 3000,
    roundRuns: 500,
    findingsMax: 5,
    inputs: [],
    onRound: ({ seconds: _, ...sample }, news) =>
      rounds.push([sample, news.map((input) => Buffer.from(input).toString("hex"))]),
  });
  await session.run();
  return rounds;
}

test("the same seed, lanes and runs give the same inputs, and other seeds others", async () => {
  const first = await story(3);
  expect(await story(3)).toEqual(first);
  expect(await story(4)).not.toEqual(first);
});

test("lanes take what the others found: what one has shown is not shown again", async () => {
  const lanes = [lane(1), lane(1)];
  const [first] = await Promise.all(lanes.map((one) => one.round(400, [])));
  const second = await lanes[1]?.round(0, first?.news ?? []);
  expect(first?.news.length).toBeGreaterThan(10);
  expect(second?.corpus).toBe(first?.corpus);
});

test("a session that is stopped ends its round early and tells what it has", async () => {
  const session = new Session([lane(1)], {
    runs: Number.POSITIVE_INFINITY,
    roundRuns: 1e9,
    findingsMax: 5,
    inputs: [],
    onRound: () => {},
  });
  setTimeout(() => session.stop(), 50);
  await session.run();
  expect(session.samples).toHaveLength(1);
  expect(session.samples[0]?.runs).toBeGreaterThan(0);
});
