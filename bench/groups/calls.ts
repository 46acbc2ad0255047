import { answerOf, checkAnswers } from "../answers.ts";
import { type Case, opCase, stepLoop, type Target } from "../batch.ts";
import { makePeers } from "../peers/index.ts";
import { NativePeers } from "../peers/native.ts";
import { rawCore } from "../raw-core.ts";
import type { Row, Table } from "../report.ts";
import { type NativeCase, timeCases } from "../sampling.ts";
import { isPlain, makeMachine, type OpCase, type Workload } from "../workload.ts";

/** Which calls of a workload are measured, and whether its peers are. */
interface Choice {
  calls?: readonly string[];
  peers?: boolean;
}

/** A case of a target, and how one step of it is made. */
interface Prepared {
  target: string;
  timed: Case | NativeCase;
  answer(): Promise<string>;
}

/** Measures a workload's calls by the core, and by its peers where they can answer them. All must answer alike before. */
export async function measureCalls(title: string, workload: Workload, choice: Choice = {}): Promise<Table> {
  const { shape, layout, guest } = workload;
  const operations = workload.cases.filter(({ name }) => choice.calls?.includes(name) ?? true);
  const machine = makeMachine(shape);
  const [core, written] = [rawCore("core", machine, guest), rawCore("core", machine, guest)];
  const peers = choice.peers === false ? [] : await makePeers(workload, machine);
  const native = choice.peers === false ? undefined : await NativePeers.start(workload);

  const prepare = (target: Target, operation: OpCase): Prepared => ({
    target: target.name,
    timed: opCase(target, operation, layout, `${operation.name}, ${target.name}`),
    answer: async () => {
      const { before, undo, ops } = operation;
      if (before !== undefined) stepLoop(target, { step: before, ops }, layout, ops.length)();
      const answer = answerOf(target, operation, workload);
      if (undo !== undefined) answerOf(target, { ...operation, step: undo }, workload);
      return answer;
    },
  });
  const all: (Prepared & { operation: OpCase })[] = [];
  for (const operation of operations) {
    const prepared = [prepare(operation.writes ? written : core, operation)];
    if (isPlain(operation)) prepared.push(...peers.map((peer) => prepare(peer, operation)));
    if (native instanceof NativePeers) prepared.push(...(await prepareNative(native, operation)));
    checkAnswers(operation, await answers(prepared));
    all.push(...prepared.map((one) => ({ ...one, operation })));
  }
  const figures = await timeCases(all.map(({ timed }) => timed));
  if (native instanceof NativePeers) await native.end();
  const rows = all.map(({ target, operation, timed }): Row => {
    const { p20, p50 } = figures.get(timed.name) ?? { p20: Number.NaN, p50: Number.NaN };
    return { name: operation.name, target, p20, p50 };
  });
  const missing = native !== undefined && "missing" in native ? [`core in C, plain C: ${native.missing}`] : [];
  return { title, unit: "ns", per: "rejected", rows, notes: missing };
}

async function prepareNative(native: NativePeers, operation: OpCase): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  for (const target of NativePeers.targets) {
    const timed = await native.case(target, operation, `${operation.name}, ${target}`);
    if (timed !== undefined) prepared.push({ target, timed, answer: timed.answer });
  }
  return prepared;
}

async function answers(prepared: readonly Prepared[]): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (const { target, answer } of prepared) all.set(target, await answer());
  return all;
}
