import { expect, test } from "vitest";
import { checkSubject, parseBaseline } from "../../src/bench/baseline.ts";
import { FormatError } from "../../src/formats/variable-set.ts";
import { madeReport } from "../support/bench-report.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** The made report's JSON with one member replaced, by its path; undefined takes it out. */
function changed(path: string, value: unknown): Uint8Array {
  const document = JSON.parse(JSON.stringify(madeReport()));
  const names = path.split(".");
  const last = names.pop() as string;
  const place = names.reduce((object, name) => object[name], document);
  if (value === undefined) delete place[last];
  else place[last] = value;
  return bytesOf(JSON.stringify(document));
}

function errorOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return (error as FormatError).message;
  }
  return "no error";
}

test("what --json printed is read back", () => {
  const report = madeReport();
  const baseline = parseBaseline(bytesOf(JSON.stringify(report)));
  expect(baseline.rows).toEqual(report.rows);
  expect(baseline.noise).toEqual({ floorVariation: 0.02 });
  expect([baseline.cpu, baseline.node]).toEqual(["A processor", "v20.20.2"]);
  expect(baseline.subject).toEqual({ store: null, variables: 50, policy: "ovmf-4m", abi: "x86_64", trace: null });
});

test.each([
  ["", "offset 0x0: JSON"],
  ["{", "offset 0x1: JSON"],
  ["[]", "the document: an object, not []"],
  ["null", "the document: an object, not null"],
  ["{}", 'schema: "xenefi.bench/1", not nothing'],
  ['{"schema":"xenefi.ls/1"}', 'schema: "xenefi.bench/1", not "xenefi.ls/1"'],
  ['{"schema":"xenefi.bench/1","node":"v20","rows":[],"headlines":{}}', "subject: an object, not nothing"],
  [`${"[".repeat(100)}${"]".repeat(100)}`, "the text: JSON nested at most 32 levels deep"],
])("%j is no baseline", (text, message) => {
  expect(errorOf(() => parseBaseline(bytesOf(text)))).toContain(message);
});

test.each([
  ["machine", undefined, "machine: an object, not nothing"],
  ["machine.node", 20, "machine.node: text, not 20"],
  ["machine.cpu", null, "machine.cpu: text, not null"],
  ["subject.policy", undefined, "subject.policy: text, not nothing"],
  ["subject.variables", "50", 'subject.variables: a number from 0 to 1000000000000, not "50"'],
  ["subject.store", "vars.fd", 'subject.store: an object, not "vars.fd"'],
  ["subject.trace", {}, "subject.trace.sha256: text, not nothing"],
  ["noise", [], "noise: an object, not []"],
  ["noise.floorVariation", -1, "noise.floorVariation: a number from 0"],
  ["noise.floorVariation", 1e300, "noise.floorVariation: a number from 0"],
  ["rows", {}, "rows: an array, not {}"],
  ["rows.2", 7, "rows[2]: an object, not 7"],
  ["rows.2.group", "else", 'rows[2].group: one of store, growth, size, trace, not "else"'],
  ["rows.2.operation", undefined, "rows[2].operation: text, not nothing"],
  ["rows.2.at", "10", 'rows[2].at: a number from 0 to 1000000000000, not "10"'],
  ["rows.1.ratio", 0, "rows[1].ratio: a number above 0, not 0"],
  ["rows.1.ratio", null, "rows[1].ratio: a number from 0 to 1000000000000, not null"],
  ["rows.1.batch", undefined, "rows[1].batch: a number from 0 to 1000000000000, not nothing"],
  ["rows.3.at", 10, "rows[3]: another operation than those before, not GetVariable, one; 10 variables"],
])("%s may not be %j", (path, value, message) => {
  expect(errorOf(() => parseBaseline(changed(path, value)))).toContain(message);
});

test("what it says of a wrong value is short", () => {
  const message = errorOf(() => parseBaseline(changed("schema", "x".repeat(100_000))));
  expect(message.length).toBeLessThan(120);
});

const STORE = { file: "vars.fd", format: "edk2", sha256: "aa" };
const TRACE = { file: "a.jsonl", sha256: "cc", timedCalls: 1, playedCalls: 0 };

test.each([
  [{}, {}, "no error"],
  [{ seed: 1 }, { seed: 2 }, "no error"],
  [{ store: STORE }, { store: { ...STORE, file: "other.fd" } }, "no error"],
  [{ trace: TRACE }, {}, "no error"],
  [{}, { trace: TRACE }, "no error"],
  [{ policy: "uboot" }, {}, 'subject.policy: "ovmf-4m", which is measured now, not "uboot"'],
  [{}, { abi: "x86_32" }, 'subject.abi: "x86_32", which is measured now, not "x86_64"'],
  [{ variables: 49 }, {}, "subject.variables: 50, which is measured now, not 49"],
  [{ store: STORE }, {}, 'subject.store.sha256: null, which is measured now, not "aa"'],
  [{ store: STORE }, { store: { ...STORE, sha256: "bb" } }, 'subject.store.sha256: "bb", which is measured now'],
  [{ trace: TRACE }, { trace: { ...TRACE, sha256: "dd" } }, 'subject.trace.sha256: "dd", which is measured now'],
])("a baseline of %j beside a measurement of %j: %s", (before, now, message) => {
  const { subject } = madeReport();
  const baseline = parseBaseline(bytesOf(JSON.stringify(madeReport({ subject: { ...subject, ...before } }))));
  expect(errorOf(() => checkSubject(baseline, { ...subject, ...now }))).toContain(message);
});
