import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { STAGE_BYTES } from "../../assembly/abi/layout.ts";
import { GUID_NAMES } from "../../src/guid.ts";
import { Machine } from "../../src/index.ts";
import { CONTROLS, control } from "../../src/protocol/control.ts";
import { ServedMachine } from "../../src/protocol/served-machine.ts";
import { Random } from "../../src/random.ts";
import { C_PACKAGES, compile, SANITIZED } from "./support/c.ts";
import { file, need, run } from "./support/tools.ts";

need(...C_PACKAGES, "clang-19", "libcmocka-dev");

/** The requests of docs/protocol.md that C does not know. */
const ABSENT = ["reboot", "inject", "remove", "log"];
const KNOWN = Object.keys(CONTROLS).filter((name) => !ABSENT.includes(name));
const NAME_UNITS_MAX = STAGE_BYTES / 2 - 9;

const UNDEFINED = [...SANITIZED, "-fsanitize=undefined", "-fno-sanitize-recover=all"];
let program: string | undefined;

/** What one machine in C answers to these requests, a character a byte, one after the other. */
function askInC(requests: readonly string[]): { result: number; reply: string }[] {
  program ??= compile("clang-19", UNDEFINED, "ctl-test.c", "-lcmocka");
  const lines = Buffer.from(requests.map((request) => `${request}\n`).join(""), "latin1");
  const said = run(program as "clang-19", file(lines))
    .trimEnd()
    .split("\n");
  return said.map((line) => {
    const [result = "", ...reply] = line.split(" ");
    return { result: Number(result), reply: reply.join(" ") };
  });
}

/** The text whose UTF-8 bytes are these characters. */
const fromBytes = (bytes: string) => Buffer.from(bytes, "latin1").toString();
/** The other way round. */
const toBytes = (text: string) => Buffer.from(text).toString("latin1");

const served = () => new ServedMachine((guestMemory) => new Machine({ guestMemory }));

/** Expects of each request that C answers what the server does. */
function expectAlike(requests: readonly string[]): void {
  const machine = served();
  for (const [i, { result, reply }] of askInC(requests).entries()) {
    const request = fromBytes(requests[i] as string);
    expect([request, result, JSON.parse(reply)]).toEqual([request, 0, JSON.parse(control(machine, request))]);
  }
}

test("xenefi_ctl keeps its promises, and no text makes it read or write beside its blocks", () => {
  const said = run(compile("clang-19", UNDEFINED, "ctl-test.c", "-lcmocka") as "clang-19");
  expect(said).toContain("Running 6 test(s)");
  expect(said).not.toContain("FAILED");
});

describe("a machine in C answers as one that is served", () => {
  const set = (rest: object) => ({ set: { name: "Mine", data: "01", ...rest } });
  const get = { get: { name: "Mine" } };

  test.each<[string, object[]]>([
    [
      "to set, get and delete",
      [get, set({ data: "00fFA9" }), get, { delete: { name: "Mine" } }, get, set({ data: "" })],
    ],
    ["to list", [{ list: {} }, set({}), { list: {} }, { delete: { name: "Mine" } }, { list: {} }]],
    [
      "about attributes in each spelling",
      ["NV+BS+RT", "nv,bs|rt", "0x6", "0X7", "3", "NV+BS+RT+AT", "0xa7", 7].flatMap((attr) => [
        { delete: { name: "Mine" } },
        set({ attr }),
        get,
        set({ data: "02" }),
        get,
      ]),
    ],
    [
      "about attributes that are no variable's",
      [0, 1, 4, 8, 0x10, 0x40, "HR", "AW", "AP", "EA", 0xffffffff, "0"].flatMap((attr) => [set({ attr }), get]),
    ],
    [
      "by each short name of a GUID",
      Object.keys(GUID_NAMES).flatMap((name, i) => {
        const guid = i % 2 === 0 ? name : name.toUpperCase();
        return [set({ guid }), { get: { name: "Mine", guid } }];
      }),
    ],
    ["by a GUID in capitals", [set({ guid: "ABCDEF01-2345-6789-abcd-EF0123456789" }), { list: {} }]],
    [
      "about names in any characters",
      ["é€😀", "\ud800", "a\udc00", "\udc01\udc00", "\ud83dz", '"\\/\b\f\n\r\t\u001f\u007f', "\uffff\u0001 "].flatMap(
        (name) => [{ set: { name, data: "01" } }, { get: { name } }, { list: {} }],
      ),
    ],
    ["about sizes", [0, 1, 0x8000, 0x10000, 0x3f000, 0x41000].map((bytes) => set({ data: "5a".repeat(bytes) }))],
    ["about the longest name", [{ get: { name: "n".repeat(NAME_UNITS_MAX) } }]],
    [
      "to clock",
      [{}, { seconds: 5 }, { advance: -10 }, { seconds: 2 ** 53 - 1 }, { seconds: 1 - 2 ** 53, advance: 1 }].map(
        (clock) => ({ clock }),
      ),
    ],
    [
      "to platform",
      [
        {},
        { efiBoot: false },
        { runtimeServices: false, efiBoot: true },
        { privileged: false },
        { platformOps: false },
        { privileged: true, platformOps: true },
        { interfaceMatches: false },
      ].map((platform) => ({ platform })),
    ],
    ["to reason", [{ reason: {} }]],
  ])("%s", (_, requests) => expectAlike(requests.map((request) => toBytes(JSON.stringify(request)))));

  test.each([
    ['{"set":{"name":"\\u00E4\\u20ac\\ud83d\\uDE00\\"\\\\\\/\\b\\f\\n\\r\\t","data":"\\u0030\\u0030"}}'],
    [' \t\r{ "clock" : { "seconds" : -0 , "advance" : 12 } } \t\r'],
    ['{"get":{"guid":"gl\\u006fbal","name":"Bo\\u006ftOrder"}}'],
    ['{"list": { \t} }'],
  ])("to the spelling %s", (request) => expectAlike([request, '{"list":{}}']));

  test("to any request that it takes, of many wrong ones", () => {
    const random = new Random(7);
    const originals = [
      '{"set":{"name":"A","guid":"shim","attr":"NV+BS","data":"0a"}}',
      '{"set":{"name":"\\u00e4B","attr":3,"data":"0a"}}',
      '{"get":{"name":"A","guid":"shim"}}',
      '{"clock":{"seconds":1,"advance":-12}}',
      '{"platform":{"privileged":false}}',
    ];
    const pieces = [...'{}:,"\\0123456789abefNVBSRT+|-. u', "true", "\\u00e4", "\xc3\xa9", "\xf0\x9f\x98\x80", "x7"];
    const requests = Array.from({ length: 8000 }, () => {
      const original = random.pick(originals);
      const [from, old] = [random.below(original.length), random.below(3)];
      return original.slice(0, from) + random.pick(pieces) + original.slice(from + old);
    });
    const results = askInC(requests).map(({ result }) => result);
    const good = requests.filter((_, i) => results[i] === 0);
    expect(good.length).toBeGreaterThan(200);
    expectAlike(good);
    const machine = served();
    const refused = requests.filter((_, i) => results[i] !== 0);
    const taken = refused.filter((request) => !control(machine, fromBytes(request)).startsWith('{"error":'));
    expect(taken).toEqual([]);
  });
});

test("a request that C does not know is refused by name, and the others are those of the server", () => {
  const list = `expected one of ${KNOWN.join(", ")}`;
  const replies = askInC([...ABSENT, "got"].map((name) => `{"${name}":{}}`)).map(
    ({ reply }) => JSON.parse(reply).error,
  );
  expect(replies).toEqual([
    ...ABSENT.map((name) => `offset 1: ${list}: ${name} is not supported in C`),
    `offset 1: ${list}`,
  ]);
});

test.each(["docs/protocol.md", "c/README.md"])("%s names the requests that C knows", (page) => {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), "utf8").replace(/\s+/g, " ");
  const names = KNOWN.map((name) => `\`${name}\``);
  expect(text).toContain(`${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);
});

const COMMAND = "one of get, set, delete, list, clock, platform, reason";
const INTEGER = "an integer of at most 2^53 - 1 in size";
const ESCAPE = 'one of the escapes "\\/bfnrt, or u and four hexadecimal digits';
const GUID_TEXT = "a GUID (8-4-4-4-12 hexadecimal digits) or its short name";
const NAME_TEXT = `a name of 1 to ${NAME_UNITS_MAX} units without NUL`;
const ATTRIBUTES = "attributes of 32 bits, or of NV, BS, RT, HR, AW, AT, AP, EA";
const DIGITS = "an even number of hexadecimal digits";
const CLOCK = "a clock that stays within 2^53 - 1 seconds of 1970";
const GUID = "11111111-2222-3333-4444-555555555555";
const named = (text: string) => `{"get":{"name":"${text}"}}`;
const placed = (guid: string) => `{"get":{"name":"A","guid":"${guid}"}}`;
const having = (attr: string) => `{"set":{"name":"A","data":"00","attr":${attr}}}`;
const holding = (data: string) => `{"set":{"name":"A","data":"${data}"}}`;

/** Requests, a character a byte, the offset of what is wrong with each, and what was expected there. */
const REFUSALS: [string, number, string][] = [
  ["", 0, "{"],
  ['["list"]', 0, "{"],
  ["{", 1, COMMAND],
  ["{}", 1, COMMAND],
  ["{1:{}}", 1, COMMAND],
  ['{"list"}', 7, ":"],
  ['{"list":[]}', 8, "{"],
  ['{"list":{}', 10, "}"],
  ['{"list":{},"reason":{}}', 10, "}"],
  ['{"list":{}} x', 12, "the end"],
  ['{"get":{"name":"A"', 18, "} or ,"],
  ['{"get":{"name":"A" "guid":"shim"}}', 19, "} or ,"],
  ['{"get":{"name":"A",}}', 19, "a member's name"],
  ['{"get":{name:"A"}}', 8, "a member's name"],
  ['{"get":{"name" "A"}}', 15, ":"],
  ['{"get":{"name":"A","data":"00"}}', 19, "a member that get has"],
  ['{"clock":{"name":"A"}}', 10, "a member that clock has"],
  ['{"list":{"name":"A"}}', 9, "a member that list has"],
  ['{"get":{"name":"A","name":"B"}}', 19, "name once"],
  ['{"get":{"name":1}}', 15, "text"],
  ['{"get":{"name":{"name":"A"}}}', 15, "text"],
  ['{"get":{"name":"A","guid":null}}', 26, "text"],
  ['{"set":{"name":"A","attr":true}}', 26, "text or an integer"],
  ['{"set":{"name":"A","data":0}}', 26, "text"],
  ['{"clock":{"seconds":"1"}}', 20, "an integer"],
  ['{"clock":{"advance":false}}', 20, "an integer"],
  ['{"clock":{"advance":+1}}', 20, "an integer"],
  ...["interfaceMatches", "efiBoot", "runtimeServices", "privileged", "platformOps"].map(
    (flag): [string, number, string] => [`{"platform":{"${flag}":1}}`, 16 + flag.length, "true or false"],
  ),
  ['{"platform":{"efiBoot":truth}}', 23, "true or false"],
  ['{"platform":{"efiBoot":falsehood}}', 28, "} or ,"],
  ['{"get":{"name":"A', 17, 'a character or " in text'],
  [named("A\x01"), 17, 'a character or " in text'],
  [named("A\x1f"), 17, 'a character or " in text'],
  [named("A\\q"), 17, ESCAPE],
  [named("A\\U0041"), 17, ESCAPE],
  [named("\\u00g4"), 16, ESCAPE],
  ['{"get":{"name":"\\', 16, ESCAPE],
  ['{"get":{"name":"\\u004', 16, ESCAPE],
  ...[
    "\x80",
    "\xbf",
    "\xc3(",
    "\xc3",
    "\xc0\x80",
    "\xc1\xbf",
    "\xe2\x82",
    "\xe0\x9f\xbf",
    "\xed\xa0\x80",
    "\xed\xbf\xbf",
  ].map((bytes): [string, number, string] => [named(`A${bytes}`), 17, "UTF-8"]),
  ...["\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xff"].map(
    (bytes): [string, number, string] => [named(`A${bytes}`), 17, "UTF-8"],
  ),
  ...["-", "00", "01", "-01", "1.0", "1e3", "1E3", "9007199254740992", "-9007199254740992", `1${"0".repeat(40)}`].map(
    (digits): [string, number, string] => [`{"clock":{"seconds":${digits}}}`, 20, INTEGER],
  ),
  ['{"clock":{"seconds":0x10}}', 21, "} or ,"],
  ['{"get":{}}', 7, "a name"],
  ['{"delete":{"guid":"shim"}}', 10, "a name"],
  ['{"set":{"data":"00"}}', 7, "a name"],
  [named(""), 15, NAME_TEXT],
  [named("A\\u0000"), 15, NAME_TEXT],
  [named("n".repeat(NAME_UNITS_MAX + 1)), 15, NAME_TEXT],
  ...[
    "",
    "x",
    "\\u0000",
    "globa",
    "shim\\u0000",
    GUID.slice(1),
    `${GUID}5`,
    GUID.replaceAll("-", "0"),
    GUID.replace("2", "g"),
  ].map((guid): [string, number, string] => [placed(guid), 26, GUID_TEXT]),
  [placed(`\xc3\xa9${GUID.slice(1)}`), 26, GUID_TEXT],
  ...[
    "-1",
    "4294967296",
    '""',
    '"NV+"',
    '"NVB"',
    '"XX"',
    '"N\xc3\x96"',
    '"4294967296"',
    '"99999999999999999999"',
    '"0x"',
    '"0xg"',
  ].map((attr): [string, number, string] => [having(attr), 38, ATTRIBUTES]),
  ['{"set":{"name":"A"}}', 7, "data"],
  ...["0", "0g", "g0", "000", "\xc3\xa90", "0\\u0000"].map((data): [string, number, string] => [
    holding(data),
    26,
    DIGITS,
  ]),
  ['{"clock":{"seconds":9007199254740991,"advance":1}}', 9, CLOCK],
  ['{"clock":{"seconds":-9007199254740991,"advance":-1}}', 9, CLOCK],
  ['{"get":'.repeat(50_000), 8, "a member that get has"],
  ["{".repeat(50_000), 1, COMMAND],
];

test.each(REFUSALS.map(([request, offset, expected]) => ({ request, offset, expected, shown: request.slice(0, 50) })))(
  "$shown is refused at offset $offset: expected $expected",
  ({ request, offset, expected }) => {
    expect(askInC([request])).toEqual([
      { result: -1, reply: JSON.stringify({ error: `offset ${offset}: expected ${expected}` }) },
    ]);
  },
);

test("nothing of what is refused happens", () => {
  const machine = ['{"list":{}}', '{"clock":{}}', '{"platform":{}}'];
  const before = askInC(machine);
  expect(askInC([...REFUSALS.map(([request]) => request), ...machine]).slice(-machine.length)).toEqual(before);
});
