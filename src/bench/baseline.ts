import { readJson } from "../formats/json-text.ts";
import { FormatError } from "../formats/variable-set.ts";
import type { Group } from "./case.ts";
import { placeText, type Row, SCHEMA, type SubjectFacts } from "./report.ts";
import type { Compared } from "./verdict.ts";

/** What of an earlier report is compared. */
export type Baseline = Compared & {
  subject: { store: string | null; variables: number; policy: string; abi: string; trace: string | null };
  node: string;
  cpu: string;
};

const GROUPS: readonly string[] = ["store", "growth", "size", "trace"] satisfies Group[];
/** Nothing that can be measured differs by more. */
const LARGEST = 1e12;

/** Reads a document of `xenefi bench --json`. Throws a FormatError that names what is not as it must be. */
export function parseBaseline(bytes: Uint8Array): Baseline {
  const report = objectOf(readJson(bytes).value, "the document");
  if (report.schema !== SCHEMA) throw wrong("schema", `"${SCHEMA}"`, report.schema);
  const subject = objectOf(report.subject, "subject");
  const machine = objectOf(report.machine, "machine");
  const rows = listOf(report.rows, "rows").map((row, i) => rowOf(row, `rows[${i}]`));
  const places = rows.map(placeText);
  const twice = places.findIndex((place, i) => places.indexOf(place) !== i);
  if (twice !== -1)
    throw new FormatError(`rows[${twice}]`, `another operation than those before, not ${places[twice]}`);
  return {
    rows,
    noise: { floorVariation: numberOf(objectOf(report.noise, "noise").floorVariation, "noise.floorVariation") },
    subject: {
      store: digestOf(subject.store, "subject.store"),
      variables: numberOf(subject.variables, "subject.variables"),
      policy: textOf(subject.policy, "subject.policy"),
      abi: textOf(subject.abi, "subject.abi"),
      trace: digestOf(subject.trace, "subject.trace"),
    },
    node: textOf(machine.node, "machine.node"),
    cpu: textOf(machine.cpu, "machine.cpu"),
  };
}

/** Throws a FormatError if the baseline measured something else: ratios of other stores say nothing of this one's. */
export function checkSubject({ subject: before }: Baseline, now: SubjectFacts): void {
  const check = (field: string, was: unknown, is: unknown) => {
    if (was !== is) throw new FormatError(field, `${JSON.stringify(is)}, which is measured now, not ${show(was)}`);
  };
  check("subject.policy", before.policy, now.policy);
  check("subject.abi", before.abi, now.abi);
  check("subject.store.sha256", before.store, now.store?.sha256 ?? null);
  check("subject.variables", before.variables, now.variables);
  if (before.trace !== null && now.trace !== null) check("subject.trace.sha256", before.trace, now.trace.sha256);
}

function rowOf(value: unknown, path: string): Row {
  const row = objectOf(value, path);
  const group = textOf(row.group, `${path}.group`);
  if (!GROUPS.includes(group)) throw wrong(`${path}.group`, `one of ${GROUPS.join(", ")}`, group);
  const number = (field: keyof Row) => numberOf(row[field], `${path}.${field}`);
  const ratio = number("ratio");
  if (ratio === 0) throw wrong(`${path}.ratio`, "a number above 0", 0);
  return {
    group: group as Group,
    operation: textOf(row.operation, `${path}.operation`),
    ...(row.at === undefined ? {} : { at: number("at") }),
    batch: number("batch"),
    samples: number("samples"),
    p20Ns: number("p20Ns"),
    p50Ns: number("p50Ns"),
    ratio,
  };
}

/** The SHA-256 of a store or trace; null where there was none. */
function digestOf(value: unknown, path: string): string | null {
  return value === null ? null : textOf(objectOf(value, path).sha256, `${path}.sha256`);
}

function objectOf(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrong(path, "an object", value);
}

function listOf(value: unknown, path: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(path, "an array", value);
}

function textOf(value: unknown, path: string): string {
  if (typeof value === "string") return value;
  throw wrong(path, "text", value);
}

function numberOf(value: unknown, path: string): number {
  if (typeof value === "number" && value >= 0 && value <= LARGEST) return value;
  throw wrong(path, `a number from 0 to ${LARGEST}`, value);
}

function wrong(path: string, wanted: string, value: unknown): FormatError {
  return new FormatError(path, `${wanted}, not ${show(value)}`);
}

const SHOWN = 60;

function show(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, SHOWN);
}
