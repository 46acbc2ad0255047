import { describe, expect, test } from "vitest";
import { nodeVerifier } from "../src/crypto/node-verifier.ts";
import { GLOBAL_GUID } from "../src/guid.ts";
import { type Fields, parseTrace, replay, startMachine, type TraceCall } from "../src/trace/index.ts";

const GUID = "11111111-2222-3333-4444-555555555555";
const HEADER = { format: "xenefi-trace", version: 1, abi: "x86_64", match: "subset" };

type Call = Partial<TraceCall>;

/** Plays calls under a header and gives each difference as "line field: expected, actual". */
function played(header: Fields | object, calls: object[] = []): string[] {
  const trace = parseTrace([{ ...HEADER, ...header }, ...calls].map((line) => JSON.stringify(line)).join("\n"));
  const { differences } = replay(trace, startMachine(trace, undefined, nodeVerifier));
  return differences.map(({ line, field, expected, actual }) => `${line} ${field}: ${expected}, ${actual}`);
}

const status = (code: number) =>
  code === 0 ? "0x0000000000000000" : `0x80000000000000${code.toString(16).padStart(2, "0")}`;

function get(name: string, out: Fields, guid = GUID): Call {
  return { fn: "get_variable", in: { misc: 0, name, guid, size: 64 }, out: { ret: 0, ...out } };
}

function has(name: string, data: string, guid = GUID): Call {
  return get(name, { status: status(0), data }, guid);
}

function lacks(name: string, guid = GUID): Call {
  return get(name, { status: status(14) }, guid);
}

function set(name: string, data: string, code = 0, attributes = 7, guid = GUID): Call {
  const input = { misc: attributes, name, guid, size: data.length / 2, data };
  return { fn: "set_variable", in: input, out: { ret: 0, status: status(code) } };
}

const RESET: Call = { fn: "reset" };
const variable = (name: string, attr: number, data: string) => ({ name, guid: GUID, attr, data });

describe("a scenario's header", () => {
  test.each<[string, object, Call[]]>([
    ["an empty store", { assume: { store: "empty" } }, [lacks("A")]],
    [
      "a store with variables",
      {
        assume: {
          store: [variable("A", 7, "01"), variable("Boot", 3, "02"), { ...variable("", 7, "03"), nameHex: "42000000" }],
        },
      },
      [has("A", "01"), lacks("Boot"), set("Boot", "00", 8), set("A", "0102")],
    ],
    ["the phase", { assume: { phase: "runtime" } }, [lacks("A")]],
    [
      "remarks",
      { assume: { clock: "frozen at the given time, or running", config: { why: "no reason" } } },
      [lacks("A")],
    ],
    [
      "a zone and daylight of the clock",
      {
        assume: {
          config: { clock: { year: 2020, month: 2, day: 29, hour: 1, min: 2, sec: 3, ns: 0, tz: -90, daylight: 3 } },
        },
      },
      [
        {
          fn: "get_time",
          in: { misc: 0 },
          out: { ret: 0, status: status(0), time: { year: 2020, month: 2, day: 29, hour: 1, tz: -90, daylight: 3 } },
        },
      ],
    ],
    [
      "a count, and that no variable of the firmware is seen",
      { assume: { config: { firmware_variables: "none", monotonic_high: 0xffffffff } } },
      [
        lacks("MTC", "eb704011-1402-11d3-8e77-00a0c969723b"),
        { fn: "get_next_high_monotonic_count", in: { misc: 0 }, out: { ret: 0, status: status(0), misc: 0 } },
        has("MTC", "00000000", "eb704011-1402-11d3-8e77-00a0c969723b"),
      ],
    ],
    [
      "a hypervisor that kept no vendor string",
      { assume: { efi_info: { vendor: null } } },
      [{ fn: "firmware_info", in: { type: 4, index: 2, bufsz: 64 }, out: { ret: -95 } }],
    ],
    [
      "a failed query of boot services",
      { assume: { xen: { boot_var: [0, 0, "0x8000000000000003"] } } },
      [
        {
          fn: "query_variable_info",
          in: { misc: 1, attr: 7 },
          out: { ret: 0, status: status(3), max_store_size: 0, remain_store_size: 0, max_size: 0 },
        },
      ],
    ],
  ])("tells %s", (_, header, calls) => {
    expect(played(header, calls)).toEqual([]);
  });

  test.each<[object, string]>([
    [{ assume: [] }, "line 1: assume: an object"],
    [{ assume: { phase: "boot" } }, 'line 1: assume.phase: one of runtime, not "boot"'],
    [{ assume: { personality: "bios" } }, "line 1: assume.personality: one of ovmf-4m, ovmf-2m, edk2"],
    [{ assume: { store: "full" } }, 'line 1: assume.store: "empty", or an array'],
    [{ assume: { store: [{ name: "A" }] } }, "line 1: assume.store[0].guid"],
    [{ assume: { cores: 2 } }, "line 1: assume.cores: a known member"],
    [{ assume: { config: 1 } }, "line 1: assume.config: an object"],
    [{ assume: { config: { stor: 1 } } }, "line 1: assume.config.stor: a known member"],
    [
      { assume: { config: { store: "much" } } },
      'line 1: assume.config.store: an integer from 0 to 0xffffffff, not "much"',
    ],
    [
      { assume: { config: { max_hwerr: -1 } } },
      "line 1: assume.config.max_hwerr: an integer from 0 to 0xffffffff, not -1",
    ],
    [{ assume: { config: { physical_presence: 1 } } }, "line 1: assume.config.physical_presence: true or false, not 1"],
    [
      { assume: { config: { firmware_variables: "all" } } },
      "line 1: assume.config.firmware_variables: one of edk2, none",
    ],
    [
      { assume: { config: { clock: { year: 2020 } } } },
      "line 1: assume.config.clock: an object of integers year, month",
    ],
    [{ assume: { xen: { efi_boot: "no" } } }, 'line 1: assume.xen.efi_boot: true or false, not "no"'],
    [{ assume: { xen: { version: 4 } } }, "line 1: assume.xen.version: a known member"],
    [{ assume: { xen: { boot_var: [1, 2] } } }, "line 1: assume.xen.boot_var: three integers"],
    [{ assume: { xen: { boot_var: [1, 2, 3, 4] } } }, "line 1: assume.xen.boot_var.3: a known member"],
    [{ assume: { efi_info: { vendor: 5 } } }, "line 1: assume.efi_info.vendor: text, or null"],
    [{ assume: { efi_info: { memmap: [{ start: "x" }] } } }, "line 1: assume.efi_info.memmap[0].start: an integer"],
    [{ assume: { efi_info: { memmap: {} } } }, "line 1: assume.efi_info.memmap: an array"],
    [{ assume: { efi_info: { tables: 1 } } }, "line 1: assume.efi_info.tables: a known member"],
    [{ assume: { capsules: [GUID, "1"] } }, 'line 1: assume.capsules[1]: "1" is no GUID'],
    [
      { assume: { config: { max_auth_variable_size: 0x80000000 } } },
      "line 1: assume: a machine that can be (policy.maxAuthVariableBytes: at most 163840",
    ],
    [{ assume: { capsules: { accept: [] } } }, "line 1: assume.capsules.accept: one of offered, inRam"],
  ])("that is not known is refused, with its member: %j", (header, message) => {
    expect(() => played(header)).toThrow(message);
  });

  test("that makes a variable which cannot be made is a difference", () => {
    const preload = [variable("A", 7, "01"), variable("B", 7, "00".repeat(0x40000))];
    expect(played({ preload }, [has("A", "01")])).toEqual(["1 preload[1]: SUCCESS, OUT_OF_RESOURCES"]);
  });
});

describe("a recording's header alone", () => {
  const initial_variables = [variable("Seen", 7, "01")];
  const preset_variables = [...initial_variables, variable("Stored", 3, "01"), variable("Volatile", 2, "01")];

  test("tells of variables that only boot services see", () => {
    const calls = [
      has("Seen", "01"),
      lacks("Stored"),
      set("Stored", "02", 8),
      set("Volatile", "02", 8),
      set("New", "02"),
    ];
    expect(played({ initial_variables, preset_variables }, calls)).toEqual([]);
  });

  test("counts them in the room that it makes of the first answers", () => {
    const queries = [1, 0].map((misc) => ({
      fn: "query_variable_info",
      in: { misc, attr: 7 },
      out: { ret: 0, max_store_size: 0x3ff9c, remain_store_size: 0x3ff9c - 148 },
    }));
    const after = { ...queries[1], out: { remain_store_size: 0x3ff9c - 148 - 68 } };
    expect(played({ initial_variables, preset_variables }, [...queries, set("A", "01"), after])).toEqual([]);
  });

  test("goes on with the firmware's own boot after a reset", () => {
    const count = (misc: number) => ({ fn: "get_next_high_monotonic_count", in: { misc: 0 }, out: { misc } });
    expect(played({ initial_variables }, [count(1), RESET, count(3), has("Seen", "01")])).toEqual([]);
  });
});

describe("the step reset", () => {
  test("starts the firmware alone: what boot services had made before is not made again", () => {
    const preload = [variable("Volatile", 6, "01"), variable("Stored", 7, "01")];
    const before = [has("Volatile", "01"), has("Stored", "01"), set("Stored", "0202"), set("New", "03")];
    const after = [lacks("Volatile"), has("Stored", "0202"), has("New", "03"), has("SetupMode", "01", GLOBAL_GUID)];
    expect(played({ preload }, [...before, RESET, ...after])).toEqual([]);
  });
});

describe("a call", () => {
  test.each<[string, Call]>([
    ["of a named function by its number", { fn: 9, in: { misc: 0, attr: 7 }, out: { max_store_size: "0x3ff9c" } }],
    [
      "with buffers of 1 MiB",
      {
        fn: "set_variable",
        in: { name: "A", guid: GUID, size: 0x100000, data: "00".repeat(0x100000) },
        out: { status: status(2) },
      },
    ],
    [
      "with integers as hexadecimal text",
      { fn: "query_variable_info", in: { misc: "0x1", attr: "0x4" }, out: { ret: -22 } },
    ],
    ["of firmware_info without a type", { fn: "firmware_info", in: {}, out: { ret: 0, version: "0x20046" } }],
    [
      "whose answer has a name as bytes, digits in whatever case",
      {
        fn: "get_next_variable_name",
        in: { misc: 0, name: "", guid: GUID, size: 64 },
        out: { ret: 0, nameHex: "530065007400750070004D006F0064006500", guid: GLOBAL_GUID.toUpperCase() },
      },
    ],
  ])("is understood %s", (_, call) => {
    expect(played({}, [call])).toEqual([]);
  });

  test.each<[Call, string]>([
    [{ fn: "get_time", in: { nameSize: 4 } }, "line 2: in.nameSize: a known field, not 4"],
    [{ fn: "get_time", in: { rawOut: "00" } }, 'line 2: in.rawOut: a known field, not "00"'],
    [{ fn: "get_time", in: { opMapped: 137 } }, "line 2: in.opMapped: an integer from 0 to 136, not 137"],
    [{ fn: "get_variable", in: { dataMapped: 0x100001 } }, "line 2: in.dataMapped: an integer from 0 to 1048576"],
    [{ fn: "set_variable", in: { data: "00".repeat(0x100001) } }, "line 2: in.data: at most 1048576 bytes"],
    [{ fn: "set_variable", in: { name: "N".repeat(0x80001) } }, "line 2: in.name: at most 524288 units"],
    [{ fn: "raw", in: { body: "00".repeat(129) } }, "line 2: in.body: at most 128 bytes"],
    [
      { fn: "update_capsule", in: { capsules: Array(1025).fill({ guid: GUID }) as never } },
      "line 2: in.capsules: at most 1024",
    ],
    [{ fn: "update_capsule", in: { capsules: 1 as never } }, "line 2: in.capsules: an array"],
    [
      { fn: "update_capsule", in: { capsules: [{ guid: "1" }] as never } },
      'line 2: in.capsules[0].guid: "1" is no GUID',
    ],
    [
      { fn: "update_capsule", in: { capsules: [{ guid: GUID, flags: -1 }] as never } },
      "line 2: in.capsules[0].flags: an integer of 32 bits, not -1",
    ],
    [
      { fn: "update_capsule", in: { capsules: [{ guid: GUID, size: 28 }] as never } },
      "line 2: in.capsules[0].size: a known field, not 28",
    ],
  ])("with a field that is not known is refused: %#", (call, message) => {
    expect(() => played({}, [call])).toThrow(message);
  });

  test("a name that differs in case alone is another one", () => {
    const call = {
      fn: "get_next_variable_name",
      in: { misc: 0, name: "", guid: GUID, size: 64 },
      out: { name: "setupMode" },
    };
    expect(played({}, [call])).toEqual(["2 name: setupMode, SetupMode"]);
  });
});
