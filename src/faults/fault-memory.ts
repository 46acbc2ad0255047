/** A range of guest addresses, and what it is closed for. */
export interface ClosedRange {
  start: number;
  bytes: number;
  /** "write": it can still be read. */
  for: "access" | "write";
}

/** What faults need of guest memory, wherever its bytes are. Addresses are guest addresses, counts are bytes. */
export interface FaultMemory {
  /** All of it, for those who write where they like. */
  readonly whole: Uint8Array;
  /** Bytes from `at` on up to the next fault. */
  readableBytes(at: number): number;
  writableBytes(at: number): number;
  /** A copy of bytes that can be read. */
  read(at: number, bytes: number): Uint8Array;
  /** Writes bytes of guest memory, whether it may be written or not; no bytes go to any address. */
  write(at: number, bytes: Uint8Array): void;
  /** Lets `run` go with these ranges closed. */
  closed<T>(ranges: readonly ClosedRange[], run: () => T): T;
}
