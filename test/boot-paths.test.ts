import { describe, expect, test } from "vitest";
import { differenceText } from "../src/cli/difference.ts";
import { nodeVerifier } from "../src/crypto/node-verifier.ts";
import { findStartStore } from "../src/files/start-store.ts";
import { BOOT_PATHS, type BootPathName, placedHandover } from "../src/handover/boot-paths.ts";
import { Machine } from "../src/machine.ts";
import { PLAYER_WINDOW_BYTES, replay, startMachine } from "../src/trace/index.ts";
import { Kernel, ROWS, type Row } from "./support/boot-path-rows.ts";
import { fixturePath, readTrace } from "./support/fixtures.ts";

const ALL = Object.values(BOOT_PATHS);

describe.each(ALL)("$name", (path) => {
  test.each(ROWS)("$fact", ({ see, answers }) => {
    expect(see(new Kernel(path))).toBe(answers[path.name]);
  });
});

test("docs/boot-paths.md says what was seen", async () => {
  await expect(page()).toMatchFileSnapshot("../docs/boot-paths.md");
});

describe("a captured trace replays without a difference from the path that its machine had come by", () => {
  test.each([
    ["firmware-info", "x86-efi", 380],
    ["no-rs", "x86-no-rs", 50],
    ["bios", "x86-bios", 50],
  ] as const)("%s: %s", (name, pathName, least) => {
    const trace = readTrace("traces", `${name}.jsonl`);
    const result = replay(trace, startOf(name, pathName));
    expect(result.differences.map(differenceText)).toEqual([]);
    expect(result.fields).toBeGreaterThan(least);
  });

  test("and not from another one", () => {
    const trace = readTrace("traces", "firmware-info.jsonl");
    expect(replay(trace, startOf("firmware-info", "x86-no-rs")).differences.length).toBeGreaterThan(10);
    expect(replay(trace, startOf("firmware-info", "arm-acpi", "x86_64")).differences.length).toBeGreaterThan(10);
  });

  /**
   * The path's machine over the trace's store: only that, its clock and what its boot services made are the trace's.
   */
  function startOf(name: string, pathName: BootPathName, abi?: "x86_64") {
    const trace = readTrace("traces", `${name}.jsonl`);
    const store = findStartStore(trace.header, fixturePath(`traces/${name}.jsonl`));
    const captured = startMachine(trace, store, nodeVerifier);
    const machine = new Machine({
      ...BOOT_PATHS[pathName].machine,
      ...{ windowBytes: PLAYER_WINDOW_BYTES, allocationLimit: 0x3fffffffn, verifier: nodeVerifier },
      ...{ preload: [...captured.preload], clock: captured.machine.clock.seconds },
      ...(store === undefined ? {} : { store }),
      ...(abi === undefined ? {} : { abi }),
    });
    return { ...captured, machine };
  }
});

test("what firmware_info tells of the traced machine has the page where its firmware had the table", () => {
  const made = placedHandover(BOOT_PATHS["x86-efi"]);
  const [table] = made?.parts ?? [];
  expect([table?.what, table?.address]).toEqual(["system table", 0x5f9eb000n]);
  expect(made?.memoryMap).toHaveLength(126);
});

/** The page of all boot paths, from the table that the machines and the tests above use. */
function page(): string {
  return `# Boot paths

How a kernel comes to run under Xen decides what it finds of UEFI. Each way is a row of data:
\`new Machine(BOOT_PATHS["arm-acpi"].machine)\` is the machine, \`handover(machine, BOOT_PATHS["arm-acpi"].handover)\` puts into
its memory what Xen hands over. \`xenefi handover --preset arm-acpi --text\` prints it.

This page is made from that table and from the tests that look at every path. After a change of either,
\`npx vitest run test/boot-paths.test.ts -u\` writes it anew.

The paths are those of the proposal that was made on xen-devel in April 2016: one interface for runtime services, whatever the
processor and whoever boots.

${table(
  ["Name", "Stands for", "What the proposal has for it"],
  ALL.map(({ name, title, proposal }) => [`\`${name}\``, title, proposal]),
)}

## What a kernel finds

Seen by hypercalls and in guest memory, from a fresh machine. A negative errno is the hypercall's result. On Arm the proposal
does without firmware_info, which is answered here from the same tables; the ACPI root that is handed over leads to no table. On
x86 a kernel gets no memory map: it asks firmware_info for single descriptors. A DomU's own firmware is served inside the guest:
of it there is the store that it would leave.

${table(["", ...ALL.map(({ name }) => `\`${name}\``)], ROWS.map(answersOf))}
`;
}

function answersOf({ fact, answers }: Row): string[] {
  return [fact, ...ALL.map(({ name }) => answers[name] as string)];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
