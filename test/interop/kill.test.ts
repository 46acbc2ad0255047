import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findVolume, liveEntries, readLog, recoverVolume } from "../../src/formats/edk2-store.ts";
import type { Variable } from "../../src/formats/variable-set.ts";
import { Machine } from "../../src/machine.ts";
import { compileLibrary } from "../support/compile.ts";
import { Random } from "../support/random.ts";
import { GUID, KillClock, KilledStore, makeFolder, type Phase } from "./support/killed.ts";

const KILLS = 500;
/** A store is left after so many lives, and another one begun. */
const LIVES_A_STORE = 60;
/** Where some of the killed stores go, if it is said. */
const EXPORT = process.env.XENEFI_KILLED_STORES;

const folder = makeFolder();
const library = compileLibrary();
// The checks boot a machine for each process.
process.env.XENEFI_CORE = library.env.XENEFI_CORE;
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  library.remove();
});

test(`${KILLS} processes killed while they write: every acknowledged variable is in the file`, {
  timeout: 600_000,
}, () => {
  const clock = new KillClock(new Random(1));
  const ends: Record<Phase, number> = { start: 0, boot: 0, writes: 0 };
  let cutReclaims = 0;
  let store = new KilledStore(join(folder, "0.fd"), library);
  for (let life = 1; ends.boot + ends.writes < KILLS; life++) {
    const phase = clock.kill(store);
    ends[phase]++;
    // Killed before the store was made.
    if (!existsSync(store.path)) continue;
    const bytes = new Uint8Array(readFileSync(store.path));
    const volume = findVolume(bytes);
    const recovered = recoverVolume(bytes, volume);
    if (recovered !== bytes) cutReclaims++;
    const read = valuesOf(liveEntries(readLog(recovered, volume)));
    expect(store.lost(read), `read after life ${life}, ${phase}`).toEqual([]);
    const booted = valuesOf(new Machine({ store: bytes }).variables());
    expect(store.lost(booted), `booted after life ${life}, ${phase}`).toEqual([]);
    store.settle(booted);
    expect(store.lost(read), `both after life ${life}, ${phase}`).toEqual([]);
    if (EXPORT !== undefined && phase === "writes" && ends.writes % 60 === 1) exportStore(store.path, ends.writes);
    if (life % LIVES_A_STORE === 0) store = new KilledStore(join(folder, `${life}.fd`), library);
  }
  console.info(
    `${ends.boot} killed in a boot, ${ends.writes} in writes (${ends.start} before), ` +
      `${cutReclaims} with a reclaim half done: 0 acknowledged variables lost, 0 stores unreadable`,
  );
  expect(ends.boot).toBeGreaterThan(20);
  expect(ends.writes).toBeGreaterThan(100);
});

function valuesOf(variables: readonly Variable[]): Map<string, Uint8Array> {
  return new Map(variables.filter(({ guid }) => guid === GUID).map(({ name, data }) => [name, data]));
}

function exportStore(path: string, number: number): void {
  mkdirSync(EXPORT as string, { recursive: true });
  copyFileSync(path, join(EXPORT as string, `killed-${number}.fd`));
}
