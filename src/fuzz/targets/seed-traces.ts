const OURS = "11111111-2222-3333-4444-555555555555";
const ERROR_GUID = "414e6bdd-e47b-47cc-b244-bb61020cf516";
const GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const CAPSULE = "6dcbd5ed-e82d-4c44-bda1-7194199ad92a";

/** Headers of machines of several kinds. */
const HEADERS: readonly object[] = [
  { abi: "x86_64", match: "subset", assume: { phase: "runtime", personality: "edk2", store: "empty" } },
  { abi: "x86_32", match: "subset", assume: { personality: "ovmf-4m", config: { monotonic_high: 4294967294 } } },
  {
    abi: "arm64",
    assume: { personality: "uboot", xen: { efi_boot: true, efi_rs: true, arm_stock: false } },
    preload: [{ name: "Ten", guid: OURS, attr: 7, data: "00010203040506070809" }],
  },
  {
    abi: "x86_64",
    initial_variables: [{ name: "Seen", guid: OURS, attr: 7, data: "ff" }],
    preset_variables: [{ nameHex: "48006900", guid: OURS, attr: 3, data: "aa" }],
    efi_memory_map: [{ start: "0x0", end: "0x9ffff", type: 7, attr: "0xf" }],
    hypervisor_options: "efi=no-rs",
  },
];

const OK = { ret: 0, status: "0x0000000000000000" };
const TIME = { year: 2030, month: 2, day: 28, hour: 23, min: 59, sec: 58, ns: 0, tz: 2047, daylight: 0 };

/** Calls of each function, with each field that an input can have. */
const CALLS: readonly object[] = [
  { fn: "set_variable", in: { misc: 7, name: "A", guid: OURS, size: 3, data: "010203" }, out: OK },
  { fn: "get_variable", in: { misc: 0, name: "A", guid: OURS, size: 16 }, out: { ...OK, size: 3, data: "010203" } },
  { fn: "get_variable", in: { name: "A", guid: OURS, size: 2, dataMapped: 1, dataHeld: "aa" }, out: { ret: 0 } },
  { fn: "get_variable", in: { nameHex: "00d80000", nameMapped: 3, guid: GLOBAL, size: 8 }, out: { ret: -14 } },
  { fn: "set_variable", in: { misc: 7, namePtr: "null", guid: OURS, size: "0x10", dataPtr: "bad" }, out: { ret: -14 } },
  { fn: "set_variable", in: { misc: 79, name: "HwErrRec0001", guid: ERROR_GUID, size: 1, data: "01" }, out: OK },
  { fn: "get_next_variable_name", in: { name: "", guid: OURS, size: 64 }, out: { ...OK, name: "A", guid: OURS } },
  {
    fn: "get_next_variable_name",
    in: { name: "A", guid: OURS, size: 64, nameMapped: 64 },
    out: OK,
    note: "buffer not cleared",
  },
  { fn: "query_variable_info", in: { misc: 0, attr: 7 }, out: { ...OK, max_size: 196, remain_store_size: 600 } },
  { fn: "get_time", in: {}, out: { ...OK, time: TIME }, volatile: ["time.sec"] },
  { fn: "set_time", in: { time: TIME, opHeld: "00".repeat(136) }, out: OK },
  { fn: "get_wakeup_time", in: { opMapped: 100 }, out: { ret: -14 } },
  { fn: "set_wakeup_time", in: { misc: 1, time: TIME }, out: OK },
  { fn: "get_next_high_monotonic_count", in: {}, out: { ...OK, misc: 1 } },
  { fn: "query_capsule_capabilities", in: { capsules: [{ guid: CAPSULE, flags: 65536 }], count: 1 }, out: OK },
  { fn: "update_capsule", in: { capsules: [{ guid: CAPSULE, image_size: 64 }, "00ff"], sg_list: "0x1000" }, out: OK },
  { fn: "update_capsule", in: { body: "00".repeat(32) }, out: { ret: -38 } },
  { fn: 77, in: {}, out: { ret: -38 } },
  { fn: "firmware_info", in: { type: 4, index: 2, bufsz: 32 }, out: { ret: 0, revision: "0x10000" } },
  { fn: "firmware_info", in: { type: 4, index: 3, addr: "0x1000", size: "0x1000" }, out: { ret: 0 } },
  { fn: "firmware_info", in: { type: 4, index: 5, segment: 0, bus: 1, devfn: 8, vendor: 32902, devid: 1 }, out: {} },
  { fn: "raw", in: { cmd: 49, body: "0000000000000000", interface_version: 50331649 }, out: { ret: 0 } },
  { fn: "raw", in: { ptr: "0x7fffffffffff" }, out: { ret: -14 } },
  { fn: "get_time", in: { privileged: false, opPtr: "kernel" }, out: { ret: -1 }, phase: "late" },
  { fn: "get_variable", in: { name: "A", guid: OURS, size: 16 }, out: {}, fault: { status: "DEVICE_ERROR" } },
  { fn: "get_variable", in: { name: "A", guid: OURS, size: 4 }, out: {}, fault: { data: "aabb", out: { size: 9 } } },
  {
    fn: "set_variable",
    in: { misc: 7, name: "B", guid: OURS, size: 1, data: "01" },
    out: {},
    fault: { mutateGuest: [{ in: "name", offset: 0, bytes: "4300" }], poison: true, power: "torn", retry: 1 },
  },
  { fn: "get_time", in: {}, out: OK, raw: { in: "00".repeat(136), out: "00".repeat(136) } },
  { fn: "reset", in: {}, out: { ret: 0 } },
];

/** Calls of one seed. */
const CALLS_A_SEED = 2;

/** Traces with every kind of line, a few lines each. */
export const SEED_TRACES: readonly string[] = CALLS.flatMap((_, i) => {
  if (i % CALLS_A_SEED !== 0) return [];
  const header = { format: "xenefi-trace", version: 1, ...HEADERS[(i / CALLS_A_SEED) % HEADERS.length] };
  return [[header, ...CALLS.slice(i, i + CALLS_A_SEED)].map((line) => `${JSON.stringify(line)}\n`).join("")];
});
