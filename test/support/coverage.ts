// A setup file of vitest: leaves the statements of the coverage core that a test file reached as a file of the folder
// that XENEFI_COVERAGE names, and does nothing without it. The core marks them in its own memory
// (scripts/coverage-transform.mjs), so every memory made in the worker is kept in sight.
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import { FLASH } from "../../assembly/abi/layout.ts";

const PAGE_BYTES = 65536;
/** Behind the counts of edges: the turns of all loops. */
const TURNS_BYTES = 8;
/** Memories held until they are read; a test may make thousands, of 8 MiB each. */
const HELD_MAX = 32;

/** The marks of all memories of a process, a byte an edge: not 0 if it was taken. */
class Marks {
  readonly #marks: Uint8Array;
  #held: WebAssembly.Memory[] = [];
  /** Read once, but perhaps still in use. */
  #read: WeakRef<WebAssembly.Memory>[] = [];

  constructor(edges: number) {
    this.#marks = new Uint8Array(edges);
  }

  watch(memory: WebAssembly.Memory): void {
    if (this.#held.length === HELD_MAX) this.collect();
    this.#held.push(memory);
  }

  collect(): Uint8Array {
    const alive = this.#read.map((ref) => ref.deref()).filter((memory) => memory !== undefined);
    for (const memory of [...alive, ...this.#held]) this.#add(memory);
    this.#read = [...alive, ...this.#held].map((memory) => new WeakRef(memory));
    this.#held = [];
    return this.#marks;
  }

  #add(memory: WebAssembly.Memory): void {
    const start = FLASH - TURNS_BYTES - this.#marks.length;
    for (const [point, mark] of new Uint8Array(memory.buffer, start, this.#marks.length).entries()) {
      if (mark !== 0) this.#marks[point] = 1;
    }
  }
}

function watchMemories(folder: string): void {
  const { edges } = JSON.parse(readFileSync(new URL("../../build/coverage-edges.json", import.meta.url), "utf8"));
  const marks = new Marks(edges);
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(Memory, args, target) {
      const memory = Reflect.construct(Memory, args, target);
      // Guests' own memories have no limit, or a small one.
      if (args[0].maximum * PAGE_BYTES > FLASH) marks.watch(memory);
      return memory;
    },
  });
  afterAll(() => writeFileSync(join(folder, randomUUID()), marks.collect()));
}

const folder = process.env.XENEFI_COVERAGE;
if (folder !== undefined) watchMemories(folder);
