/** Most single bytes that are set to 0: of a long row those at its start matter, which holds sizes. */
const ZEROS_MAX = 2048;

/** Rows that are smaller than this one, the boldest first: without a piece, from half of it down to a byte, then with a 0. */
export function* smallerBytes(input: Uint8Array): Generator<Uint8Array> {
  for (let count = (input.length + 1) >> 1; count >= 1; count >>= 1) {
    for (let end = input.length; end > 0; end -= count) {
      const start = Math.max(0, end - count);
      const rest = new Uint8Array(input.length - (end - start));
      rest.set(input.subarray(0, start));
      rest.set(input.subarray(end), start);
      yield rest;
    }
  }
  for (let at = 0; at < Math.min(input.length, ZEROS_MAX); at++) {
    if (input[at] === 0 || input[at] === 0x30) continue;
    const changed = input.slice();
    changed[at] = 0;
    yield changed;
  }
}
