import { randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";

/** Who has a lock. */
export interface LockHolder {
  pid: number;
  /** When the process started, as the kernel counts it, so that a process that was given the pid later is another one. */
  start: string | undefined;
  host: string;
  /** When the lock was taken, ISO 8601. */
  since: string;
  /** A name of its own for each taking. */
  token: string;
}

/** Somebody else has the file; `holder` says who. */
export class LockedError extends Error {
  readonly path: string;
  readonly holder: LockHolder;

  constructor(path: string, lock: string, holder: LockHolder) {
    const elsewhere = holder.host === hostname() ? "" : ` on ${holder.host} (if it is gone, remove ${lock})`;
    super(`${path} is held by process ${holder.pid}${elsewhere} since ${holder.since}`);
    this.name = "LockedError";
    this.path = path;
    this.holder = holder;
  }
}

/**
 * One holder at a time for a file, by a lock file `.NAME.lock` beside it, as Node has no flock. A lock whose process is
 * gone is taken over. Threads of one process exclude each other too. All symbolic links to a file lead to one lock.
 */
export class FileLock {
  /** The locked file, without symbolic links. */
  readonly path: string;
  readonly #lock: string;
  readonly #token: string;

  private constructor(path: string, lock: string, token: string) {
    this.path = path;
    this.#lock = lock;
    this.#token = token;
  }

  /** The file need not be there yet. Throws a LockedError if another one has it, else as node:fs does. */
  static take(file: string): FileLock {
    const path = realPath(file);
    const lock = join(dirname(path), `.${basename(path)}.lock`);
    const own = { pid: process.pid, start: startOf(process.pid), host: hostname(), since: new Date().toISOString() };
    const holder: LockHolder = { ...own, token: randomUUID() };
    acquire(path, lock, holder);
    return new FileLock(path, lock, holder.token);
  }

  /** Gives the lock back; a second time does nothing. */
  release(): void {
    if (readHolder(this.#lock)?.token === this.#token) unlinkSync(this.#lock);
  }
}

/**
 * Links a complete file to the lock's name, which only one can do. Where a dead process has the lock, only who has taken
 * the right to succeed it, itself a lock named after its token, may put its own in place. So the lock that was read is
 * the one that is replaced, however many try at once.
 */
function acquire(path: string, lock: string, holder: LockHolder): void {
  const complete = `${lock}.${randomUUID()}`;
  writeSafely(complete, JSON.stringify(holder));
  try {
    while (!tryLink(complete, lock)) {
      const dead = readHolder(lock);
      if (dead === undefined) continue;
      if (isAlive(dead)) throw new LockedError(path, lock, dead);
      const succession = `${lock}.${dead.token}`;
      acquire(path, succession, holder);
      try {
        if (readHolder(lock)?.token !== dead.token) continue;
        renameSync(complete, lock);
        return;
      } finally {
        unlinkSync(succession);
      }
    }
  } finally {
    removeIfThere(complete);
  }
}

/** Where a path leads, symbolic links followed; the file need not be there yet. */
export function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Undefined if the lock has just been given back. */
function readHolder(lock: string): LockHolder | undefined {
  let text: string;
  try {
    text = readFileSync(lock, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const holder = parseHolder(text);
  if (holder === undefined) throw new Error(`${lock}: not a lock of xenefi; remove it if nobody uses the store`);
  return holder;
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const { pid, start, host, since, token } = JSON.parse(text);
    const isHolder = Number.isInteger(pid) && pid > 0 && [host, since].every((field) => typeof field === "string");
    // The token becomes part of a file's name.
    if (!isHolder || typeof token !== "string" || !/^[0-9a-f-]{36}$/.test(token)) return undefined;
    return { pid, start: typeof start === "string" ? start : undefined, host, since, token };
  } catch {
    return undefined;
  }
}

/** Another host's processes cannot be seen: they count as alive. */
function isAlive({ pid, start, host }: LockHolder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, but somebody else's.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return start === undefined || (startOf(pid) ?? start) === start;
}

/**
 * Boot and start time of a process, field 22 of /proc/PID/stat (the second field may hold blanks and parentheses); of a
 * zombie, which is no process's start. Undefined where /proc does not say.
 */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return "ended";
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** The bytes are on the disk before the name is: no lock is ever seen half written. */
function writeSafely(path: string, text: string): void {
  const file = openSync(path, "wx");
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
