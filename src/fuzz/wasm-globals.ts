const IMPORT_SECTION = 2;
const GLOBAL_SECTION = 6;

/** Reads a wasm binary from front to back: WebAssembly 1.0, section 5, as far as it takes to come to the globals. */
class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  get done(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new RangeError("the wasm file ends too early");
    return byte;
  }

  /** LEB128, unsigned. */
  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  name(): void {
    const bytes = this.number();
    this.at += bytes;
  }

  /** A constant expression up to its end. */
  expression(): void {
    for (let opcode = this.byte(); opcode !== 0x0b; opcode = this.byte()) {
      if (opcode === 0x41 || opcode === 0x42 || opcode === 0x23) this.number();
      else if (opcode === 0x43) this.at += 4;
      else if (opcode === 0x44) this.at += 8;
      else throw new SyntaxError(`opcode 0x${opcode.toString(16)} in a global's start value`);
    }
  }
}

/** Number of globals of a module that can change, its own and imported ones. */
export function mutableGlobals(wasm: Uint8Array): number {
  const reader = new Reader(wasm, 8);
  let count = 0;
  while (!reader.done) {
    const section = reader.byte();
    const bytes = reader.number();
    const end = reader.at + bytes;
    if (section === IMPORT_SECTION) count += importedGlobals(reader);
    if (section === GLOBAL_SECTION) count += ownGlobals(reader);
    reader.at = end;
  }
  return count;
}

function ownGlobals(reader: Reader): number {
  let mutable = 0;
  for (let left = reader.number(); left > 0; left--) {
    reader.byte();
    mutable += reader.byte();
    reader.expression();
  }
  return mutable;
}

function importedGlobals(reader: Reader): number {
  let mutable = 0;
  for (let left = reader.number(); left > 0; left--) {
    reader.name();
    reader.name();
    mutable += importedGlobal(reader);
  }
  return mutable;
}

/** Reads what an import says of its kind: 1 if it is a global that can change, else 0. */
function importedGlobal(reader: Reader): number {
  const kind = reader.byte();
  if (kind === 3) {
    reader.byte();
    return reader.byte();
  }
  if (kind === 0) {
    reader.number();
    return 0;
  }
  if (kind !== 1 && kind !== 2) throw new SyntaxError(`an import of kind ${kind}`);
  if (kind === 1) reader.byte();
  const hasMaximum = (reader.byte() & 1) !== 0;
  reader.number();
  if (hasMaximum) reader.number();
  return 0;
}
