import * as abi from "../../assembly/abi/capsule.ts";
import { guidBytes } from "../../src/guid.ts";

/** GUIDs that DxeCapsuleLibFmp knows, and one that it does not. */
export const UX_GUID = "3b8c8162-188c-46a4-aec9-be43f1d65697";
export const NAME_GUID = "98c80a4f-e16b-4d11-939a-abe561260330";
export const FMP_GUID = "6dcbd5ed-e82d-4c44-bda1-7194199ad92a";
export const OTHER_GUID = "11111111-2222-3333-4444-555555555555";
/** Vendor of CapsuleUpdateData. */
export const VENDOR_GUID = "711c703f-c285-4b10-a3b0-36ecbd3c8be2";

export const P = abi.PERSIST_ACROSS_RESET;
export const Q = abi.POPULATE_SYSTEM_TABLE;
export const R = abi.INITIATE_RESET;

/** A capsule's header with whatever it is to say, and bytes behind it. */
export function rawCapsule(
  { guid = UX_GUID, headerBytes = 28, flags = P, imageBytes = undefined as number | undefined },
  behind: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const image = new Uint8Array(abi.CAPSULE_HEADER_BYTES + behind.length);
  const view = new DataView(image.buffer);
  image.set(guidBytes(guid), abi.CAPSULE_GUID);
  view.setUint32(abi.CAPSULE_HEADER_SIZE, headerBytes, true);
  view.setUint32(abi.CAPSULE_FLAGS, flags, true);
  view.setUint32(abi.CAPSULE_IMAGE_SIZE, imageBytes ?? image.length, true);
  image.set(behind, abi.CAPSULE_HEADER_BYTES);
  return image;
}

/** What an FMP capsule holds behind its header; every number can be made wrong. */
export interface FmpLayout {
  version?: number;
  drivers?: number;
  payloads?: number;
  /** Offsets in place of the right ones. */
  offsets?: bigint[];
  imageVersion?: number;
  /** Bytes of each image's header, in place of those of its version. */
  imageHeaderBytes?: number;
  /** Added to the size that an image header tells. */
  excess?: number;
  /** Bytes behind the last item. */
  behind?: number;
}

const ITEM_DATA_BYTES = 12;
const VENDOR_BYTES = 4;

/** The bytes behind an FMP capsule's header: drivers of 12 bytes, then payloads with their image headers. */
export function fmpPayload(layout: FmpLayout = {}): Uint8Array {
  const { version = 1, drivers = 0, payloads = 1, imageVersion = 3, excess = 0, behind = 0 } = layout;
  const headerBytes = layout.imageHeaderBytes ?? 24 + 8 * imageVersion;
  const items = drivers + payloads;
  const start = abi.FMP_HEADER_BYTES + 8 * items;
  const payloadBytes = headerBytes + ITEM_DATA_BYTES + VENDOR_BYTES;
  const bytes = new Uint8Array(start + drivers * ITEM_DATA_BYTES + payloads * payloadBytes + behind);
  const view = new DataView(bytes.buffer);
  view.setUint32(abi.FMP_VERSION, version, true);
  view.setUint16(abi.FMP_DRIVERS, drivers, true);
  view.setUint16(abi.FMP_PAYLOADS, payloads, true);
  let offset = start;
  for (let item = 0; item < items; item++) {
    view.setBigUint64(abi.FMP_HEADER_BYTES + 8 * item, layout.offsets?.[item] ?? BigInt(offset), true);
    if (item >= drivers) {
      view.setUint32(offset + abi.FMP_IMAGE_VERSION, imageVersion, true);
      view.setUint32(offset + abi.FMP_IMAGE_SIZE, ITEM_DATA_BYTES + excess, true);
      view.setUint32(offset + abi.FMP_IMAGE_VENDOR_SIZE, VENDOR_BYTES, true);
    }
    offset += item >= drivers ? payloadBytes : ITEM_DATA_BYTES;
  }
  return bytes;
}

/** An FMP capsule across a reset with that layout. */
export function fmpCapsule(layout: FmpLayout = {}, flags = P): Uint8Array {
  return rawCapsule({ guid: FMP_GUID, flags }, fmpPayload(layout));
}

/** Writes descriptors at a guest address: [length, address] each; the end, 0 and 0, is one like the others. */
export function layList(view: DataView, at: number, descriptors: readonly (readonly [bigint, bigint])[]): void {
  for (const [i, [length, address]] of descriptors.entries()) {
    view.setBigUint64(at + i * abi.BLOCK_BYTES + abi.BLOCK_LENGTH, length, true);
    view.setBigUint64(at + i * abi.BLOCK_BYTES + abi.BLOCK_ADDRESS, address, true);
  }
}
