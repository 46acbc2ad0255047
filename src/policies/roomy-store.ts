import type { Geometry } from "../formats/edk2-store.ts";

/**
 * The flash image of firmware that keeps its variables elsewhere: roomy enough that its own limits are met first, and
 * with a spare area, so that a cut of power loses nothing.
 */
export const ROOMY_STORE: Geometry = {
  volumeBytes: 0xd2000,
  blockBytes: 0x1000,
  blockCount: 0xd2,
  volumeAttributes: 0x0004feff,
  storeOffset: 72,
  storeEnd: 0x68000,
  workOffset: 0x69000,
  workBytes: 0x1000,
  spareOffset: 0x6a000,
  spareBytes: 0x68000,
};

/** Room of the core for one variable of such firmware, bytes with header: other limits are met first. */
export const LARGEST_VARIABLE_BYTES = 0x28000;
