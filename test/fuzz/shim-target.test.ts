import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { ByteTarget } from "../../src/fuzz/byte-target.ts";
import { Engine } from "../../src/fuzz/engine.ts";
import { ShimSubject } from "../../src/fuzz/targets/shim.ts";
import { Random } from "../../src/random.ts";
import { fixturePath } from "../support/fixtures.ts";
import { compileShim } from "../support/shim.ts";

const SOURCE = readFileSync(fixturePath("shims/small.as"), "utf8");

/** The first finding with a shim whose source is changed so. */
async function findingWith(change: (source: string) => string, runs = 100) {
  const changed = change(SOURCE);
  const subject = new ShimSubject(await compileShim(changed));
  const engine = new Engine(new ByteTarget(subject, new Random(1)), { seed: 1, findingsMax: 1 });
  for (const input of subject.seeds) engine.offer(input);
  engine.run(runs);
  return engine.findings[0]?.failure;
}

const replaced = (old: string, by: string) => (source: string) => {
  if (!source.includes(old)) throw new Error(`the small shim has no ${old}`);
  return source.replace(old, by);
};

const READ = "  if (attributes) store<u32>(attributes, load<u32>(OP + 12));";
const FAILED = "if (platformOp(OP) < 0) return UNSUPPORTED;\n  store<u32>(size, load<u32>(OP + sizeAt));";

describe("a shim under hostile rules", () => {
  test("that does all right shows nothing", async () => {
    expect(await findingWith((source) => source)).toBeUndefined();
  });

  test.each([
    ["null-guard", /wrote .* through a NULL pointer$/, replaced(READ, READ.replace("if (attributes) ", ""))],
    [
      "false-success",
      /says SUCCESS where its last hypercall gave -\d+$/,
      replaced(FAILED, FAILED.replace("return UNSUPPORTED", "return 0")),
    ],
    ["trap", /unreachable/, replaced(FAILED, FAILED.replace("return UNSUPPORTED", "unreachable()"))],
    ["bug", /the shim called BUG$/, replaced(FAILED, FAILED.replace("return UNSUPPORTED", "bug()"))],
    [
      "timeout",
      /more than 1000 hypercalls$/,
      replaced(FAILED, FAILED.replace("if (platformOp(OP) < 0)", "while (platformOp(OP) != 77) {} if (false)")),
    ],
    ["poison", /gives filler as size$/, replaced("load<u32>(OP + nextSizeAt)", "load<u32>(OP + 56)")],
  ])("and a mistake is a finding: %s", async (oracle, text, change) => {
    const failure = await findingWith(change, 100);
    expect(failure?.oracle).toBe(oracle);
    expect(failure?.text).toMatch(text);
  });
});

describe("a module", () => {
  let empty: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    empty = await compileShim("export const one = 1;");
  });

  test("that exports none of struct efi's functions is refused", () => {
    expect(() => new ShimSubject(empty)).toThrow(/^a shim that exports one of xen_efi_get_variable, /);
  });
});
