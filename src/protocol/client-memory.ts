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

/** How far a look into the client's memory came. */
export interface Found {
  /** Bytes, from the first on, whose content is known. */
  bytes: number;
  /** Bytes that may be accessed; fewer than were looked for if the next one faults. */
  reach: number;
}

/** What a client has said of its memory for one call. What it has not spoken of is unknown. */
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

  /** Copies `count` bytes from `address` on to offset `to` of `target`, as far as their content is known. */
  read(address: bigint, count: number, target: Uint8Array, to: number): Found {
    const reach = this.reach(address, count);
    let bytes = 0;
    while (bytes < reach) {
      const known = this.#known(bytes === 0 ? address : address + BigInt(bytes), reach - bytes);
      if (known === undefined) break;
      target.set(known, to + bytes);
      bytes += known.length;
    }
    return { bytes, reach };
  }

  /** How many of `count` bytes from `address` on may be accessed: those before the first of which it is said that they cannot. */
  reach(address: bigint, count: number): number {
    if (address < this.#unmappedBelow) return 0;
    let end = address + BigInt(count);
    if (end > ADDRESS_END) end = ADDRESS_END;
    for (const region of this.#regions) {
      const isClosed = region.given === undefined && region.length > 0;
      if (!isClosed || region.address >= end || region.address + BigInt(region.length) <= address) continue;
      end = region.address > address ? region.address : address;
    }
    return Number(end - address);
  }

  /** At most `count` bytes whose content is known; undefined if the first one's is not. */
  #known(address: bigint, count: number): Uint8Array | undefined {
    for (const { address: start, given } of this.#regions) {
      if (given === undefined || address < start) continue;
      const at = address - start;
      if (at >= given.length) continue;
      return at === 0n && given.length <= count ? given : given.subarray(Number(at), Number(at) + count);
    }
    return undefined;
  }
}
