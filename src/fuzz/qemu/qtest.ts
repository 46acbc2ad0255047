import { createServer, type Socket } from "node:net";

/**
 * QEMU's qtest protocol (system/qtest.c): lines of text that read and write a machine's physical memory and IO ports without a
 * processor that runs. Each is answered by a line, in order.
 */
export class Qtest {
  readonly #socket: Socket;
  readonly #waiting: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
  #text = "";
  #error: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#take(text));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("QEMU closed the connection")));
  }

  /** What was asked one after the other is asked at once. Rejects if QEMU does not do it, or has ended. */
  async ask(...commands: readonly string[]): Promise<string[]> {
    if (this.#error !== undefined) throw this.#error;
    const answers = commands.map(
      (command) =>
        new Promise<string>((resolve, reject) => {
          const answer = (line: string) =>
            line.startsWith("OK") ? resolve(line.slice(3)) : reject(new Error(`${command.slice(0, 60)}: ${line}`));
          this.#waiting.push({ resolve: answer, reject });
        }),
    );
    this.#socket.write(`${commands.join("\n")}\n`);
    return await Promise.all(answers);
  }

  get isClosed(): boolean {
    return this.#error !== undefined;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(text: string): void {
    const lines = (this.#text + text).split("\n");
    this.#text = lines.pop() as string;
    for (const line of lines) this.#waiting.shift()?.resolve(line);
  }

  #fail(error: Error): void {
    this.#error ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#error);
  }
}

/** Bytes at a physical address are to be these. */
export function writeCommand(address: number, bytes: Uint8Array): string {
  return `b64write 0x${address.toString(16)} 0x${bytes.length.toString(16)} ${Buffer.from(bytes).toString("base64")}`;
}

export function readCommand(address: number, count: number): string {
  return `b64read 0x${address.toString(16)} 0x${count.toString(16)}`;
}

/** The bytes that a readCommand was answered with. */
export function readBytes(answer: string): Uint8Array {
  return new Uint8Array(Buffer.from(answer, "base64"));
}

/** The integer that a read of a register was answered with. */
export function readInteger(answer: string): bigint {
  return BigInt(answer);
}

/** Waits for a QEMU that connects to this socket. */
export function accept(path: string): { connected: Promise<Qtest>; cancel: (error: Error) => void } {
  const server = createServer();
  let cancel = (_: Error) => {};
  const connected = new Promise<Qtest>((resolve, reject) => {
    cancel = (error) => {
      server.close();
      reject(error);
    };
    server.on("error", reject);
    server.on("connection", (socket) => {
      server.close();
      resolve(new Qtest(socket));
    });
  });
  server.listen(path);
  return { connected, cancel };
}
