/** Content of defined variables (MdeModulePkg/Library/VarCheckUefiLib); each check sees a write's payload alone. */

const NODE_BYTES = 4;
const END_TYPE = 0x7f;
const END_ENTIRE = 0xff;
const MEDIA_TYPE = 4;
const MEDIA_FILE_PATH = 4;

/** A NUL byte anywhere. */
export function hasNul(payload: Uint8Array): boolean {
  return payload.includes(0);
}

/** Whole 16-bit numbers. */
export function isOrder(payload: Uint8Array): boolean {
  return payload.length % 2 === 0;
}

/** EFI_KEY_OPTION: 10 bytes, then keys of 4 bytes. */
export function isKeyOption(payload: Uint8Array): boolean {
  return payload.length >= 10 && (payload.length - 10) % 4 === 0;
}

/**
 * Nodes of at least their header, inside the bytes, up to the end of the entire path; what follows it counts not. A file's
 * path ends with a terminator (UefiDevicePathLib, IsDevicePathValid).
 */
export function isDevicePath(bytes: Uint8Array): boolean {
  let at = 0;
  while (at + NODE_BYTES <= bytes.length) {
    const nodeBytes = u16(bytes, at + 2);
    if (bytes[at] === END_TYPE && bytes[at + 1] === END_ENTIRE) return nodeBytes === NODE_BYTES;
    if (nodeBytes < NODE_BYTES || at + nodeBytes > bytes.length) return false;
    const isFile = bytes[at] === MEDIA_TYPE && bytes[at + 1] === MEDIA_FILE_PATH;
    at += nodeBytes;
    if (isFile && u16(bytes, at - 2) !== 0) return false;
  }
  return false;
}

/** EFI_LOAD_OPTION: attributes u32, bytes of the path u16, description with terminator, path, anything. */
export function isLoadOption(payload: Uint8Array): boolean {
  if (payload.length < 6) return false;
  const pathBytes = u16(payload, 4);
  let at = 6;
  while (at + 2 <= payload.length && u16(payload, at) !== 0) at += 2;
  const path = at + 2;
  if (path > payload.length) return false;
  return (
    pathBytes >= NODE_BYTES &&
    path + pathBytes <= payload.length &&
    isDevicePath(payload.subarray(path, path + pathBytes))
  );
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}
