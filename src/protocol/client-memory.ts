/** One thing that the client has said of its memory. */
export interface Region {
  address: bigint;
  /** Bytes that can be accessed, or that cannot. */
  length: number;
  /** The first of these bytes; undefined: none of them can be accessed. */
  given: Uint8Array | undefined;
}

/** Addresses of 64 bits do not wrap around. */
export const ADDRESS_END = 1n << 64n;

/** How far a look into the client's memory came: `bytes`, and what stopped it. */
export interface Found {
  bytes: number;
  end: "all" | "fault" | "unknown";
}

/** Takes at most `bytes` of a region's bytes from offset `at` on, `done` having been taken; gives how many it took. */
type Take = (given: Uint8Array, at: number, bytes: number, done: number) => number;

/** What a client has said of its memory for one call. What it has not spoken of is unknown; the first word stands. */
export class ClientMemory {
  readonly #unmappedBelow: number;
  readonly #regions: Region[];

  /** `unmappedBelow`: bytes at lower addresses cannot be accessed. */
  constructor(unmappedBelow: number, regions: Region[]) {
    this.#unmappedBelow = unmappedBelow;
    this.#regions = regions;
  }

  add(region: Region): void {
    this.#regions.push(region);
  }

  /** Copies `count` bytes from `address` on into `target`, as far as their content is known. */
  read(address: bigint, count: number, target: Uint8Array): Found {
    return this.#walk(address, count, (given, at, bytes, done) => {
      const known = given.subarray(at, at + bytes);
      target.set(known, done);
      return known.length;
    });
  }

  /** How many of `count` bytes from `address` on can be written; those of which nothing was said can. */
  writable(address: bigint, count: number): number {
    const { bytes, end } = this.#walk(address, count, (_given, _at, bytes) => bytes);
    return end === "unknown" ? count : bytes;
  }

  /** Goes from region to region as long as `take` takes some of its bytes. */
  #walk(address: bigint, count: number, take: Take): Found {
    let bytes = 0;
    while (bytes < count) {
      const here = address + BigInt(bytes);
      if (here < this.#unmappedBelow || here >= ADDRESS_END) return { bytes, end: "fault" };
      const region = this.#find(here);
      if (region === undefined) return { bytes, end: "unknown" };
      if (region.given === undefined) return { bytes, end: "fault" };
      const at = Number(here - region.address);
      const wanted = Math.min(count - bytes, region.length - at);
      const taken = take(region.given, at, wanted, bytes);
      if (taken === 0) return { bytes, end: "unknown" };
      bytes += taken;
    }
    return { bytes, end: "all" };
  }

  /** The region that knows most of an address: an answer to a NEED says what the call had left out. */
  #find(address: bigint): Region | undefined {
    let found: Region | undefined;
    for (const region of this.#regions) {
      const at = address - region.address;
      if (at < 0n || at >= region.length) continue;
      if (region.given === undefined || at < region.given.length) return region;
      found ??= region;
    }
    return found;
  }
}
