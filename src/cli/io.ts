import type pc from "picocolors";

/** What a command has of the world: text out, and what it needs to know of the terminal. */
export interface Io {
  out(text: string): void;
  /** Raw bytes to standard output. */
  outBytes(bytes: Uint8Array): void;
  err(text: string): void;
  /** Standard error is a terminal, and no build server's. */
  showsProgress: boolean;
  /** Puts colours around text, or nothing where standard output takes none. */
  colors: ReturnType<typeof pc.createColors>;
  /** Columns of standard output; undefined where lines are never cut (pipes). */
  columns: number | undefined;
}

/** Exit codes; the table of `xenefi --help`. */
export enum Exit {
  Done = 0,
  Negative = 1,
  Usage = 2,
  Unreadable = 3,
  Refused = 4,
  Internal = 70,
}

/** Ends a command with a message on standard error and an exit code. */
export class CommandError extends Error {
  readonly exit: Exit;

  constructor(exit: Exit, message: string) {
    super(message);
    this.exit = exit;
  }
}

/** Options that every command has. */
export interface Globals {
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  progress?: boolean;
}
