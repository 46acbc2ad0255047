/** A copy with the bytes from `offset` on replaced. */
export function patched(bytes: Uint8Array, offset: number, values: readonly number[]): Uint8Array {
  const changed = bytes.slice();
  changed.set(values, offset);
  return changed;
}

/** A copy without the last `count` bytes, or with so many zeros behind it. */
export function shortened(bytes: Uint8Array, count: number): Uint8Array {
  return bytes.slice(0, bytes.length - count);
}

export function lengthened(bytes: Uint8Array, count = 1): Uint8Array {
  const longer = new Uint8Array(bytes.length + count);
  longer.set(bytes);
  return longer;
}

/** Little-endian bytes of a number. */
export function le32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
