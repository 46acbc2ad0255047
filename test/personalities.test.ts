import { describe, expect, test } from "vitest";
import type { AttributeRule } from "../src/policies/attribute-rules.ts";
import { POLICIES } from "../src/policies/index.ts";
import { efiStatus, statusName } from "../src/status.ts";
import { ROWS, type Row } from "./support/personality-rows.ts";
import { Writer } from "./support/writer.ts";

const ALL = Object.values(POLICIES);

describe.each(ALL)("$name", (policy) => {
  test.each(ROWS)("$behaviour", ({ ask, answers }) => {
    expect(ask((options) => new Writer(policy, options))).toBe(answers[policy.name]);
  });
});

test("docs/personalities.md says what was asked", async () => {
  await expect(page()).toMatchFileSnapshot("../docs/personalities.md");
});

/** The page of all personalities, from the tables that the machines and the tests above use. */
function page(): string {
  return `# Personalities

Which firmware a machine has is a table of data, \`new Machine({ policy: POLICIES["ovmf-2m"] })\`; the core knows none by
name. Single values can be set: \`{ ...POLICIES.edk2, maxVariableBytes: 0x1000 }\`.

This page is made from those tables and from the tests that ask every personality every question of it. After a change of
either, \`npx vitest run test/personalities.test.ts -u\` writes it anew.

${table(
  ["Name", "Stands for"],
  ALL.map(({ name, title }) => [`\`${name}\``, title]),
)}

## What Dom0 meets

Each answer is that of a fresh machine in setup mode whose variable A, where there is one, is 01. "1 (0x7)" is the data and
the attributes that GetVariable then gives. Attributes: NV 0x1, BS 0x2, RT 0x4, HR 0x8, AW 0x10, AT 0x20, AP 0x40, EA 0x80.
A star marks what the source leaves open, or optional: the answer is a choice of this project.

${table(["", ...ALL.map(({ name }) => `\`${name}\``)], ROWS.map(answersOf))}

## Attributes alone

What SetVariable says of attributes at run time before it looks at the variable, in this order; the first that holds counts.

${ALL.map(({ name, setAttributes }) => `- \`${name}\`: ${rulesText(setAttributes)}`).join("\n")}

The same for QueryVariableInfo:

${ALL.map(({ name, queryAttributes }) => `- \`${name}\`: ${rulesText(queryAttributes)}`).join("\n")}
`;
}

function answersOf({ behaviour, answers, open = [] }: Row): string[] {
  return [behaviour, ...ALL.map(({ name }) => `${answers[name]}${open.includes(name) ? " \\*" : ""}`)];
}

function rulesText(rules: readonly AttributeRule[]): string {
  return rules.map(([{ text }, status]) => `${text}: ${statusName(efiStatus(status))}`).join("; ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
