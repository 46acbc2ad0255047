import { fixedMemory, type GuestMemory } from "../../src/guest-memory.ts";

/** Guest memory of a host that knows which of its addresses can be read and written, byte by byte. */
export class HoledMemory implements GuestMemory {
  readonly unmappedBelow = 0x1000;
  readonly #memory: GuestMemory;
  readonly #bytes: Uint8Array;
  #holes: { start: number; end: number; readable: boolean }[] = [];

  constructor(byteLength: number) {
    this.#bytes = new Uint8Array(byteLength);
    this.#memory = fixedMemory(this.#bytes.buffer, { unmappedBelow: this.unmappedBelow });
  }

  bytes(): Uint8Array {
    return this.#bytes;
  }

  connect(core: Uint8Array) {
    const { copyIn, copyOut } = this.#memory.connect(core);
    const short = (low: number, high: number, bytes: number, reads: boolean) => {
      const address = (high >>> 0) * 2 ** 32 + (low >>> 0);
      const ahead = this.#holes.filter(({ end, readable }) => end > address && !(reads && readable));
      const count = Math.min(bytes >>> 0, ...ahead.map(({ start }) => Math.max(0, start - address)));
      return { count, cut: (bytes >>> 0) - count };
    };
    return {
      copyIn(to: number, low: number, high: number, bytes: number): number {
        const { count, cut } = short(low, high, bytes, true);
        return copyIn(to, low, high, count) + cut;
      },
      copyOut(from: number, low: number, high: number, bytes: number): number {
        const { count, cut } = short(low, high, bytes, false);
        return copyOut(from, low, high, count) + cut;
      },
    };
  }

  unmap(start: number, end: number): void {
    this.#holes.push({ start, end, readable: false });
  }

  protect(start: number, end: number): void {
    this.#holes.push({ start, end, readable: true });
  }

  map(): void {
    this.#holes = [];
  }
}
