/** Where the areas of a volume lie: offsets from its first byte, sizes in bytes. A work area of 0 bytes: none. */
export interface Geometry {
  volumeBytes: number;
  blockBytes: number;
  blockCount: number;
  /** EFI_FVB attributes of the volume. */
  volumeAttributes: number;
  /** Bytes of the volume header: where the variable store header lies. */
  storeOffset: number;
  /** Behind the variable area. */
  storeEnd: number;
  workOffset: number;
  workBytes: number;
  spareOffset: number;
  spareBytes: number;
}

/** Bytes of EFI_FIRMWARE_VOLUME_HEADER with one entry in its block map. */
export const VOLUME_HEADER_BYTES = 72;

/** Layout of OVMF's 4 MiB build; its 2 MiB build; ArmVirtQemu's. */
export const OVMF_4M: Geometry = {
  volumeBytes: 0x84000,
  blockBytes: 0x1000,
  blockCount: 0x84,
  volumeAttributes: 0x0004feff,
  storeOffset: VOLUME_HEADER_BYTES,
  storeEnd: 0x40000,
  workOffset: 0x41000,
  workBytes: 0x1000,
  spareOffset: 0x42000,
  spareBytes: 0x42000,
};
export const OVMF_2M: Geometry = {
  volumeBytes: 0x20000,
  blockBytes: 0x1000,
  blockCount: 0x20,
  volumeAttributes: 0x0004feff,
  storeOffset: VOLUME_HEADER_BYTES,
  storeEnd: 0xe000,
  workOffset: 0xf000,
  workBytes: 0x1000,
  spareOffset: 0x10000,
  spareBytes: 0x10000,
};
export const AAVMF: Geometry = {
  volumeBytes: 0xc0000,
  blockBytes: 0x40000,
  blockCount: 0x100,
  volumeAttributes: 0x00000e36,
  storeOffset: VOLUME_HEADER_BYTES,
  storeEnd: 0x40000,
  workOffset: 0x40000,
  workBytes: 0x40000,
  spareOffset: 0x80000,
  spareBytes: 0x40000,
};

/** The layouts of well-known firmware builds by name. */
export const LAYOUTS: Readonly<Record<string, Geometry>> = { "ovmf-4m": OVMF_4M, "ovmf-2m": OVMF_2M, aavmf: AAVMF };
