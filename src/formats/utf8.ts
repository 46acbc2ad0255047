/**
 * Text of UTF-8 bytes; a byte order mark is a character as any other. Throws what `error` makes of the offset of the first
 * byte that is none.
 */
export function decodeUtf8(bytes: Uint8Array, error: (offset: number) => Error): string {
  try {
    return decoder().decode(bytes);
  } catch {
    throw error(validBytes(bytes));
  }
}

/** Length of the longest start of which every character is whole or goes on. */
function validBytes(bytes: Uint8Array): number {
  let valid = 0;
  let invalid = bytes.length + 1;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    if (mayGoOn(bytes.subarray(0, middle))) valid = middle;
    else invalid = middle;
  }
  return valid;
}

function mayGoOn(start: Uint8Array): boolean {
  try {
    decoder().decode(start, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function decoder(): TextDecoder {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
}
