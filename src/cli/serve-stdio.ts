import { readSync } from "node:fs";
import { FrameError } from "../protocol/frame-error.ts";
import { FrameReader } from "../protocol/frame-reader.ts";
import type { Session } from "../protocol/session.ts";
import { CommandError, Exit, type Io } from "./io.ts";

/** Milliseconds between two looks at a standard input that does not wait by itself. */
const PAUSE_MS = 1;

/**
 * Serves the client at standard input and output until its end: reads that wait have half the latency of a socket's events.
 * Throws a CommandError where no further frame can be found.
 */
export function serveStdio(session: Session, io: Io): void {
  const reader = new FrameReader();
  try {
    for (let count = read(reader.room()); count > 0; count = read(reader.room())) {
      reader.filled(count);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) io.outBytes(session.receive(frame));
    }
    reader.end();
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    io.outBytes(session.refuse(error));
    throw new CommandError(Exit.Unreadable, `standard input: ${error.message}`);
  }
}

/** Bytes that came, 0 at the end. */
function read(room: Uint8Array): number {
  for (;;) {
    try {
      return readSync(0, room);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}
