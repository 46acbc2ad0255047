/** True if there are no bytes, or only zero ones. */
export function isZero(bytes: Uint8Array | undefined): boolean {
  return bytes === undefined || bytes.every((byte) => byte === 0);
}

export function areSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}

/** The parts one behind the other, in a new array. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
