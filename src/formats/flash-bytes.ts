/** A view of just these bytes, wherever they lie in their buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** True if the bytes at an offset are the wanted ones; false where the file ends before. */
export function matches(file: Uint8Array, offset: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (file[offset + i] !== wanted[i]) return false;
  return true;
}

/** Offset of the first byte from `start` to `end` that is not `value`; `end` if there is none. */
export function firstOther(file: Uint8Array, value: number, start: number, end: number): number {
  let at = start;
  while (at < end && file[at] === value) at++;
  return at;
}

/** Rounded up to a multiple of 4; right beyond 2 GiB, too. */
export function align4(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

/** "0x…" of a byte or size. */
export function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
