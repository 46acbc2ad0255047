import { answerOf, checkAnswers } from "../answers.ts";
import { type Case, opCase, stepLoop, type Target } from "../batch.ts";
import { makePeers } from "../peers/index.ts";
import { NativePeers } from "../peers/native.ts";
import { rawCore } from "../raw-core.ts";
import type { Row, Table } from "../report.ts";
import { type Figures, type NativeCase, timeCases } from "../sampling.ts";
import { isPlain, makeMachine, type OpCase, type Workload } from "../workload.ts";

/** Which calls of a workload are measured, and whether its peers are. */
interface Choice {
  calls?: readonly string[];
  peers?: boolean;
}

/** A case of a target, and how one step of it is made. */
interface Prepared {
  /** What is called. */
  name: string;
  target: string;
  timed: Case | NativeCase;
  answer(): Promise<string>;
}

/** Measures a workload's calls by the core, and by its peers where they can answer them. All must answer alike before. */
export async function measureCalls(title: string, workload: Workload, choice: Choice = {}): Promise<Table> {
  const operations = workload.cases.filter(({ name }) => choice.calls?.includes(name) ?? true);
  const machine = makeMachine(workload.shape);
  const [core, written] = [rawCore("core", machine, workload.guest), rawCore("core", machine, workload.guest)];
  const peers = choice.peers === false ? [] : await makePeers(workload, machine);
  const native = choice.peers === false ? undefined : await NativePeers.start(workload);
  const all: Prepared[] = [];
  for (const operation of operations) {
    const targets = [operation.writes ? written : core, ...(isPlain(operation) ? peers : [])];
    const prepared = targets.map((target) => prepare(target, operation, workload));
    if (native instanceof NativePeers) prepared.push(...(await prepareNative(native, operation)));
    checkAnswers(operation, await answersOf(prepared));
    all.push(...prepared);
  }
  const figures = await timeCases(all.map(({ timed }) => timed));
  if (native instanceof NativePeers) await native.end();
  const rows = all.map(({ name, target, timed }): Row => ({ name, target, ...(figures.get(timed.name) as Figures) }));
  const notes = native !== undefined && "missing" in native ? [`core in C, plain C: ${native.missing}`] : [];
  return { title, unit: "ns", per: "rejected", rows, notes };
}

function prepare(target: Target, operation: OpCase, workload: Workload): Prepared {
  const { name, before, undo, ops } = operation;
  const answer = async () => {
    if (before !== undefined) stepLoop(target, { step: before, ops }, workload.layout, ops.length)();
    const answered = answerOf(target, operation, workload);
    if (undo !== undefined) answerOf(target, { ...operation, step: undo }, workload);
    return answered;
  };
  const timed = opCase(target, operation, workload.layout, `${name}, ${target.name}`);
  return { name, target: target.name, timed, answer };
}

async function prepareNative(native: NativePeers, operation: OpCase): Promise<Prepared[]> {
  const { name } = operation;
  const prepared: Prepared[] = [];
  for (const target of NativePeers.targets) {
    const timed = await native.case(target, operation, `${name}, ${target}`);
    if (timed !== undefined) prepared.push({ name, target, timed, answer: timed.answer });
  }
  return prepared;
}

async function answersOf(prepared: readonly Prepared[]): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  for (const { target, answer } of prepared) answers.set(target, await answer());
  return answers;
}
