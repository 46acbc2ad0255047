/** Most that is told apart: texts that carry parts of an input would otherwise each be new. */
const MOST = 1 << 14;
const LONGEST = 100;
/** Numbers of either base, and GUIDs. */
const NUMBERS = /\b0x[0-9a-f]+|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]*\d[0-9a-f]*\b/gi;

/**
 * What an input made a target do, in words: there are no counters of edges in JavaScript, and the errors and results of a
 * reader say as much of where it came. A row of bytes that shows a new one is worth keeping.
 */
export class Behaviours {
  readonly #seen = new Set<string>();
  #hasNew = false;

  /** How many were seen. */
  get count(): number {
    return this.#seen.size;
  }

  /** Whether a new one was noted since takeNew was called. */
  get hasNew(): boolean {
    return this.#hasNew;
  }

  /** Notes one, as "edk2 read 4 variables". */
  note(behaviour: string): void {
    if (this.#seen.has(behaviour) || this.#seen.size >= MOST) return;
    this.#seen.add(behaviour);
    this.#hasNew = true;
  }

  /** Notes an error's text without numbers, quotes and what was found. */
  noteError(where: string, message: string): void {
    this.note(`${where}: ${withoutValues(message)}`);
  }

  /** Notes a size by its power of two. */
  noteSize(what: string, size: number): void {
    this.note(`${what} ${size === 0 ? 0 : 1 + Math.floor(Math.log2(size))}`);
  }

  /** Whether a new one was noted since the last call. */
  takeNew(): boolean {
    const hasNew = this.#hasNew;
    this.#hasNew = false;
    return hasNew;
  }
}

/** An error's text, the same for all inputs that are refused in the same place for the same reason. */
export function withoutValues(message: string): string {
  return message
    .slice(0, 300)
    .replace(/["'`].*["'`]/s, "“”")
    .replace(/, not .*$|; it has .*$/s, "")
    .replaceAll(NUMBERS, "#")
    .slice(0, LONGEST);
}
