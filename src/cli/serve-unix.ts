import { statSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { FrameError } from "../protocol/frame-error.ts";
import { FrameReader } from "../protocol/frame-reader.ts";
import type { Session } from "../protocol/session.ts";
import { CommandError, Exit } from "./io.ts";

/** Longest path of a socket that every system takes (sun_path has 104 to 108 bytes); Node cuts longer ones. */
const PATH_BYTES_MAX = 103;
/** Most clients at a time; more are turned away at once. */
const CLIENTS_MAX = 64;

/**
 * Serves clients at a Unix socket until SIGINT or SIGTERM, and removes it then. `listening` is called when clients can come.
 * Throws a CommandError where the socket cannot be made, and what a machine throws.
 */
export async function serveUnix(path: string, open: () => Session, listening: () => void): Promise<void> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw new CommandError(Exit.Usage, `${path}: a socket's path has at most ${PATH_BYTES_MAX} bytes`);
  }
  const sockets = new Set<Socket>();
  let fail = (_: unknown) => {};
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serveSocket(socket, open(), fail);
  });
  server.maxConnections = CLIENTS_MAX;
  await listen(server, path);
  const ended = new Promise<NodeJS.Signals>((resolve, reject) => {
    fail = reject;
    process.once("SIGINT", resolve).once("SIGTERM", resolve);
  });
  listening();
  let signal: NodeJS.Signals;
  try {
    signal = await ended;
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
  // Nobody listens to it any more: it ends the process as the shell expects.
  if (signal === "SIGINT") process.kill(process.pid, signal);
}

/** Answers one client's frames in order. A client that does not read its answers is not read from. */
function serveSocket(socket: Socket, session: Session, fail: (error: unknown) => void): void {
  const reader = new FrameReader();
  const answer = () => {
    while (!socket.writableNeedDrain) {
      const frame = reader.next();
      if (frame === undefined) return;
      // The socket keeps what it cannot send at once.
      socket.write(Buffer.from(session.receive(frame)));
    }
    socket.pause();
  };
  const guarded = (work: () => void) => () => {
    try {
      work();
    } catch (error) {
      if (error instanceof FrameError) socket.end(Buffer.from(session.refuse(error)));
      else fail(error);
    }
  };
  socket.on("data", (chunk) => {
    if (socket.writableEnded) return;
    reader.push(chunk);
    guarded(answer)();
  });
  socket.on(
    "drain",
    guarded(() => {
      socket.resume();
      answer();
    }),
  );
  socket.on(
    "end",
    guarded(() => {
      reader.end();
      socket.end();
    }),
  );
  // A client that was killed is one that has left.
  socket.on("error", () => socket.destroy());
}

/** Throws a CommandError that says what lies in the way. */
async function listen(server: Server, path: string): Promise<void> {
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once("error", resolve);
    server.listen(path, () => resolve(undefined));
  });
  if (error === undefined) return;
  const why = error.code === "EADDRINUSE" ? await obstacle(path) : error.message;
  throw new CommandError(Exit.Unreadable, `${path}: ${why}`);
}

/** What is at a path where no socket can be made. */
async function obstacle(path: string): Promise<string> {
  if (!statSync(path).isSocket()) return "something that is no socket is there";
  const isServed = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on("error", () => resolve(false));
  });
  if (isServed) return "another server listens there";
  return "a socket without a server, as one leaves that was killed; remove it";
}
