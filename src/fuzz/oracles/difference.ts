/** Offset of the first byte in which two arrays of one length differ; undefined if they are the same. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number | undefined {
  const words = a.length >> 2;
  const left = wordsOf(a, words);
  const right = wordsOf(b, words);
  let word = 0;
  while (word < words && left[word] === right[word]) word++;
  for (let at = word * 4; at < a.length; at++) if (a[at] !== b[at]) return at;
  return undefined;
}

/** The first `words` whole words; copied where they do not lie on a multiple of 4. */
function wordsOf(bytes: Uint8Array, words: number): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, words);
}
