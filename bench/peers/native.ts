import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildNative, Native, type NativeTarget } from "../native.ts";
import { type NativeCase, ROUND_MS } from "../sampling.ts";
import { isPlain, type OpCase, type Workload } from "../workload.ts";

/** The program, or why there is none; built at first use. */
let built: Promise<{ folder: string; program: string } | { missing: string }> | undefined;

function build() {
  built ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), "xenefi-bench-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    try {
      return { folder, program: await buildNative(folder) };
    } catch (error) {
      return { missing: (error as Error).message };
    }
  })();
  return built;
}

/** The core as C and the plain peer in C, in a process of their own, over one workload. */
export class NativePeers {
  readonly #native: Native;
  static readonly targets = ["core in C", "plain C"] as const;

  private constructor(native: Native) {
    this.#native = native;
  }

  /** Starts them, or says what is missing. */
  static async start(workload: Pick<Workload, "shape" | "guest">): Promise<NativePeers | { missing: string }> {
    const result = await build();
    if ("missing" in result) return result;
    return new NativePeers(new Native([result.program], result.folder, workload));
  }

  /** The target's case of that name; `answer` makes one step of it. Undefined where the target does not answer such calls. */
  async case(
    target: (typeof NativePeers.targets)[number],
    operation: OpCase,
    name: string,
  ): Promise<(NativeCase & { answer: () => Promise<string> }) | undefined> {
    const { step, before, undo, ops, writes } = operation;
    const isCore = target === "core in C";
    if (!isCore && !isPlain(operation)) return undefined;
    const kind: NativeTarget = `${isCore ? "core" : "plain"}${writes ? "-written" : ""}`;
    const native = this.#native;
    const number = await native.add(kind, step, ops);
    // A batch is as long as there are ops, or longer: each is met.
    if (before !== undefined) await native.time(await native.add(kind, before, ops), undefined, 0);
    const back = undo === undefined ? undefined : await native.add(kind, undo, ops);
    return {
      name,
      sample: () => native.time(number, back, ROUND_MS),
      answer: async () => {
        const answer = await native.answer(number);
        if (back !== undefined) await native.answer(back);
        return answer;
      },
    };
  }

  end(): Promise<void> {
    return this.#native.end();
  }
}
