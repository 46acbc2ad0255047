import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { OP_BYTES } from "../assembly/abi/op.ts";
import { Exit } from "../src/cli/io.ts";
import { FrameReader } from "../src/protocol/frame-reader.ts";
import * as layout from "../src/protocol/layout.ts";
import { xenefi } from "./support/cli.ts";
import { compileLibrary } from "./support/compile.ts";
import { fixtureBytes, fixturePath } from "./support/fixtures.ts";
import { callFrame, controlFrame, frame, helloFrame, textOf, viewOf } from "./support/serve-client.ts";

const library = compileLibrary();
const folder = mkdtempSync(join(tmpdir(), "xenefi-serve-"));
const CHILD = fileURLToPath(new URL("support/cli-child.mjs", import.meta.url));
const FIRST_BOOT = fixturePath("stores/ovmf-4m-firstboot.fd.gz");

const running = new Set<ChildProcess>();
let count = 0;

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
});
afterAll(() => {
  library.remove();
  rmSync(folder, { recursive: true });
});

const fresh = (name: string) => join(folder, `${count++}-${name}`);
const command = (...args: string[]) => [CHILD, library.folder, "serve", ...args];
const SET = controlFrame({ set: { name: "Mark", data: "01" } });
const GET = controlFrame({ get: { name: "Mark" } });
const CALL = callFrame(0x1000n, new Uint8Array(OP_BYTES));

/** Frames that a stream of bytes holds. */
function framesOf(stream: Uint8Array): Uint8Array[] {
  const reader = new FrameReader();
  reader.push(stream);
  const frames: Uint8Array[] = [];
  for (let next = reader.next(); next !== undefined; next = reader.next()) frames.push(next.slice());
  reader.end();
  return frames;
}

function replyOf(reply: Uint8Array | undefined): unknown {
  return JSON.parse(textOf(reply as Uint8Array, layout.HEAD_BYTES));
}

/** Serves these bytes at standard input. */
function stdio(input: Uint8Array, ...args: string[]) {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, command("--stdio", ...args), {
    env: library.env,
    input,
    timeout: 30_000,
  });
  return { status, signal, frames: framesOf(stdout), err: String(stderr) };
}

/** A server at a socket, which listens. */
async function listening(path: string, ...args: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, command("--unix", path, ...args), { env: library.env });
  running.add(child);
  const [said] = await once(child.stderr as NonNullable<typeof child.stderr>, "data");
  expect(String(said)).toBe(`xenefi: listening at ${path}\n`);
  return child;
}

async function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  const [code, signal] = await once(child, "close");
  running.delete(child);
  return { code, signal };
}

class SocketClient {
  readonly #reader = new FrameReader();
  readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
  }

  static async to(path: string): Promise<SocketClient> {
    const socket = connect(path);
    await once(socket, "connect");
    const client = new SocketClient(socket);
    expect((await client.exchange(helloFrame()))[layout.TYPE]).toBe(layout.HELLO);
    return client;
  }

  async exchange(frame: Uint8Array): Promise<Uint8Array> {
    this.socket.write(frame);
    return this.next();
  }

  async next(): Promise<Uint8Array> {
    for (;;) {
      const frame = this.#reader.next();
      if (frame !== undefined) return frame.slice();
      const [chunk] = await once(this.socket, "data");
      this.#reader.push(chunk);
    }
  }
}

describe("--stdio", () => {
  test("answers each frame with one and ends with its input, without a word", () => {
    const { status, frames, err } = stdio(Buffer.concat([helloFrame("arm64"), CALL, SET, GET]));
    expect([status, err]).toEqual([Exit.Done, ""]);
    expect(frames.map((each) => each[layout.TYPE])).toEqual([layout.HELLO, layout.RESULT, layout.REPLY, layout.REPLY]);
    expect(frames[0]?.[layout.HELLO_ABI]).toBe(3);
    expect(replyOf(frames[3])).toMatchObject({ variable: { data: "01" } });
  });

  test.each([
    [
      "a length that no frame has",
      Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]),
      /offset 0x0: a frame of 8 to 4194304 bytes, not 3$/,
    ],
    ["an end within a frame", CALL.subarray(0, 9), /offset 0x9: a frame of 160 bytes, not the end of the stream$/],
  ])("%s is an ERROR, and exit 3", (_, input, message) => {
    const { status, frames, err } = stdio(Buffer.concat([helloFrame(), input]));
    expect([status, frames[1]?.[layout.TYPE]]).toEqual([Exit.Unreadable, layout.ERROR]);
    expect(textOf(frames[1] as Uint8Array, layout.ERROR_TEXT)).toMatch(message);
    expect(err.trimEnd()).toMatch(message);
    expect(err).toMatch(/^xenefi: standard input: /);
  });

  test("frames that nobody can read are errors, and the server goes on", () => {
    const wrong = [CALL, helloFrame().fill(0xee, 8), helloFrame(), controlFrame("{"), CALL.slice().fill(0xff, 8)];
    const { status, frames } = stdio(Buffer.concat([...wrong, GET]));
    expect(status).toBe(Exit.Done);
    expect(frames.map((each) => each[layout.TYPE])).toEqual([
      layout.ERROR,
      layout.ERROR,
      layout.HELLO,
      layout.REPLY,
      layout.ERROR,
      layout.REPLY,
    ]);
  });

  test("an input that does not wait is looked at again", async () => {
    const pipe = fresh("pipe");
    execFileSync("mkfifo", [pipe]);
    const input = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    const output = openSync(pipe, constants.O_WRONLY);
    const child = spawn(process.execPath, command("--stdio"), { env: library.env, stdio: [input, "pipe", "pipe"] });
    running.add(child);
    closeSync(input);
    const chunks: Uint8Array[] = [];
    child.stdout?.on("data", (chunk) => chunks.push(chunk));
    for (const frame of [helloFrame(), SET]) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      writeSync(output, frame);
    }
    closeSync(output);
    expect(await ended(child)).toEqual({ code: Exit.Done, signal: null });
    expect(framesOf(Buffer.concat(chunks)).map((each) => each[layout.TYPE])).toEqual([layout.HELLO, layout.REPLY]);
  });

  test("--in-place keeps what was written, for the next server too", () => {
    const store = fresh("vars.fd");
    writeFileSync(store, fixtureBytes("stores/ovmf-4m-firstboot.fd.gz"));
    const args = ["--store", store, "--in-place"];
    expect(stdio(Buffer.concat([helloFrame(), SET]), ...args).status).toBe(Exit.Done);
    const { frames } = stdio(Buffer.concat([helloFrame(), GET]), ...args);
    expect(replyOf(frames[1])).toMatchObject({ variable: { data: "01" } });
    expect(stdio(Buffer.concat([helloFrame(), SET]), "--store", store, "--policy", "ovmf-4m").status).toBe(Exit.Done);
  });

  test("--in-place: a device that fails ends the server", () => {
    const store = fresh("vars.fd");
    writeFileSync(store, fixtureBytes("stores/ovmf-4m-firstboot.fd.gz"));
    // Files of at most 1 KiB: a lock fits, the store's log does not.
    const limited = ["-c", 'ulimit -f 1; exec "$@"', "bash", process.execPath];
    const { status, stderr } = spawnSync("bash", [...limited, ...command("--stdio", "--store", store, "--in-place")], {
      env: library.env,
      input: Buffer.concat([helloFrame(), SET]),
    });
    expect([status, String(stderr)]).toEqual([
      Exit.Unreadable,
      `xenefi: ${store}: the flash device failed: EFBIG: file too large, write\n`,
    ]);
  });

  test.each([
    [["--abi", "arm64"], "arm64", undefined],
    [["--abi", "arm64"], "x86_64", /offset 0xe: arm64, not x86_64$/],
    [["--profile", "xen-arm-mainline"], undefined, undefined],
    [
      ["--profile", "xen-arm-mainline"],
      "x86_64",
      /offset 0xe: abi: xen-arm-mainline takes ops of arm64, arm32, not x86_64$/,
    ],
  ] as const)("%j greets a client of %s", (args, abiName, error) => {
    const [reply] = stdio(helloFrame(abiName), ...args).frames as [Uint8Array];
    if (error === undefined) expect([reply[layout.TYPE], reply[layout.HELLO_ABI]]).toEqual([layout.HELLO, 3]);
    else expect(textOf(reply, layout.ERROR_TEXT)).toMatch(error);
  });
});

describe("--unix", () => {
  test.each([
    ["a machine of its own", [], null],
    ["--shared, one with all others", ["--shared"], { data: "01" }],
  ] as const)("every client has %s", async (_, args, seen) => {
    const path = fresh("socket");
    const server = await listening(path, ...args);
    const [one, other] = [await SocketClient.to(path), await SocketClient.to(path)];
    expect(replyOf(await one.exchange(SET))).toEqual({ status: "SUCCESS" });
    expect(replyOf(await one.exchange(GET))).toMatchObject({ variable: { data: "01" } });
    const found = replyOf(await other.exchange(GET)) as { variable: object | null };
    if (seen === null) expect(found).toEqual({ variable: null });
    else expect(found).toMatchObject({ variable: seen });
    server.kill("SIGTERM");
    expect(await ended(server)).toEqual({ code: Exit.Done, signal: null });
  });

  test.each([
    ["SIGTERM", { code: Exit.Done, signal: null }],
    ["SIGINT", { code: null, signal: "SIGINT" }],
  ] as const)("%s ends it, its clients' connections too, and the socket is gone", async (signal, end) => {
    const path = fresh("socket");
    const server = await listening(path);
    const client = await SocketClient.to(path);
    const closed = once(client.socket, "close");
    server.kill(signal);
    expect(await ended(server)).toEqual(end);
    await closed;
    expect(existsSync(path)).toBe(false);
  });

  test("frames in one piece are answered in order; one that is cut off ends its client, and no other", async () => {
    const path = fresh("socket");
    await listening(path);
    const [one, other] = [await SocketClient.to(path), await SocketClient.to(path)];
    one.socket.write(Buffer.concat([SET, CALL, GET, CALL.subarray(0, 20)]));
    one.socket.end();
    const types = [];
    for (let i = 0; i < 4; i++) types.push((await one.next())[layout.TYPE]);
    expect(types).toEqual([layout.REPLY, layout.RESULT, layout.REPLY, layout.ERROR]);
    await once(one.socket, "close");
    const wrong = await other.exchange(Buffer.from([255, 255, 255, 255, 0, 0, 0, 0]));
    expect(wrong[layout.TYPE]).toBe(layout.ERROR);
    await once(other.socket, "close");
    expect((await (await SocketClient.to(path)).exchange(CALL))[layout.TYPE]).toBe(layout.RESULT);
  });

  test("a client that reads no answers is not read from, and gets them all when it does", async () => {
    const path = fresh("socket");
    await listening(path);
    const client = await SocketClient.to(path);
    const LIST = frame(layout.CTL, 4, (writer) => writer.bytes(Buffer.from(`{"list":{}}${" ".repeat(20_000)}`)));
    const times = 500;
    client.socket.pause();
    for (let i = 0; i < times; i++) client.socket.write(LIST);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    // The system's buffers are full, and the server has taken no more than it could answer.
    expect(client.socket.writableLength).toBeGreaterThan((LIST.length * times) / 2);
    client.socket.resume();
    for (let i = 0; i < times; i++) {
      const reply = await client.next();
      if (reply[layout.TYPE] !== layout.REPLY) throw new Error(`reply ${i} has type ${reply[layout.TYPE]}`);
    }
    expect(viewOf(await client.exchange(CALL)).getUint8(layout.TYPE)).toBe(layout.RESULT);
  });

  test("a place that is taken is told, and stays", async () => {
    const path = fresh("socket");
    const server = await listening(path);
    const tryAgain = (at: string) => {
      const { status, stderr } = spawnSync(process.execPath, command("--unix", at), {
        env: library.env,
        timeout: 30_000,
      });
      return [status, String(stderr)];
    };
    expect(tryAgain(path)).toEqual([Exit.Unreadable, `xenefi: ${path}: another server listens there\n`]);
    server.kill("SIGKILL");
    await ended(server);
    const stale = `xenefi: ${path}: a socket without a server, as one leaves that was killed; remove it\n`;
    expect(tryAgain(path)).toEqual([Exit.Unreadable, stale]);
    expect(existsSync(path)).toBe(true);
    const file = fresh("file");
    writeFileSync(file, "mine");
    expect(tryAgain(file)).toEqual([Exit.Unreadable, `xenefi: ${file}: something that is no socket is there\n`]);
    expect(tryAgain(join(folder, "none/socket"))).toEqual([
      Exit.Unreadable,
      expect.stringMatching(/none\/socket: .*\n$/),
    ]);
    const long = join(folder, "x".repeat(200));
    expect(tryAgain(long)).toEqual([Exit.Usage, `xenefi: ${long}: a socket's path has at most 103 bytes\n`]);
  });

  test("--in-place: the store is one server's", async () => {
    const path = fresh("socket");
    const store = fresh("vars.fd");
    writeFileSync(store, fixtureBytes("stores/ovmf-4m-firstboot.fd.gz"));
    const server = await listening(path, "--shared", "--store", store, "--in-place");
    const { status, err } = stdio(new Uint8Array(0), "--store", store, "--in-place");
    expect([status, err]).toEqual([Exit.Unreadable, expect.stringContaining(`is held by process ${server.pid} since`)]);
    server.kill("SIGTERM");
    await ended(server);
    expect(stdio(new Uint8Array(0), "--store", store, "--in-place").status).toBe(Exit.Done);
  });
});

test.each([
  [[], Exit.Usage, "say where clients are: --stdio, or --unix PATH"],
  [["--stdio", "--unix", "x"], Exit.Usage, "say where clients are: --stdio, or --unix PATH"],
  [["--stdio", "--shared"], Exit.Usage, "--shared: of the clients of a socket, --unix PATH"],
  [["--stdio", "--in-place"], Exit.Usage, "--in-place: needs --store FILE"],
  [
    ["--unix", "x", "--in-place", "--store", FIRST_BOOT],
    Exit.Usage,
    "--in-place: one machine holds the store; add --shared",
  ],
  [
    ["--stdio", "--profile", "xen-arm-mainline", "--abi", "x86_64"],
    Exit.Usage,
    "abi: xen-arm-mainline takes ops of arm64, arm32, not x86_64",
  ],
  [["--stdio", "--store", "/no/such/file"], Exit.Unreadable, "ENOENT"],
  [["--stdio", "--store", join(folder, "none.fd"), "--in-place"], Exit.Unreadable, "none.fd"],
  [
    ["--stdio", "--store", FIRST_BOOT, "--in-place"],
    Exit.Unreadable,
    "a store, not gzip: it cannot be written in place, unpack it",
  ],
])("serve %j is exit %i", async (args, exit, message) => {
  const got = await xenefi("serve", ...args);
  expect([got.exit, got.err]).toEqual([exit, expect.stringContaining(message)]);
  expect(got.err.trimEnd().split("\n")).toHaveLength(1);
});
