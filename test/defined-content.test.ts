import { describe, expect, test } from "vitest";
import { Client } from "../src/client.ts";
import { GLOBAL_GUID } from "../src/guid.ts";
import { Machine } from "../src/machine.ts";
import { Reason, reasonText } from "../src/status.ts";
import { edk2, GUID } from "./support/writer.ts";

const END = [0x7f, 0xff, 4, 0];
/** A node without content, and one of a file path whose text is "A" with its terminator. */
const NODE = [1, 1, 4, 0];
const FILE = [4, 4, 8, 0, 0x41, 0, 0, 0];
/** A load option's attributes, the bytes of its path, and the description "A". */
const option = (pathBytes: number) => [1, 0, 0, 0, pathBytes, 0, 0x41, 0, 0, 0];

/** What a new variable of these bytes gets; `behind` lies behind them in guest memory. */
function write(name: string, data: readonly number[], behind: readonly number[]): string {
  const dom0 = new Client(new Machine({ policy: edk2 }));
  // The client lays the data of all calls at one place.
  dom0.setVariable("Longer", GUID, 7, Uint8Array.from([...data, ...behind]));
  const { statusName, reason } = dom0.setVariable(name, GLOBAL_GUID, 7, Uint8Array.from(data));
  return statusName === "SUCCESS" ? statusName : reason;
}

const WRONG = reasonText(Reason.DefinedContent);
const GOOD = "SUCCESS";

// MdePkg UefiDevicePathLib, IsDevicePathValid, as VarCheckUefiLib asks it.
describe("a variable of a device path wants one", () => {
  test.each<[string, readonly number[], string, (readonly number[])?]>([
    ["that ends at once", END, GOOD],
    ["of a node", [...NODE, ...END], GOOD],
    ["of a file path", [...FILE, ...END], GOOD],
    ["with something behind its end", [...END, 1, 2, 3], GOOD],
    ["whose end is in the data", NODE, WRONG, END],
    ["whose end is wholly in the data", [...NODE, 0x7f, 0xff, 4], WRONG, [0]],
    ["whose end has four bytes", [...NODE, 0x7f, 0xff, 5, 0], WRONG],
    ["that ends the whole path, not an instance", [0x7f, 1, 4, 0], WRONG],
    ["of nodes that have their header at least", [1, 1, 3, 0, ...END], WRONG],
    ["whose file path has a terminator", [4, 4, 6, 0, 0x41, 0, ...END], WRONG],
    ["of which only a file path has one", [4, 3, 6, 0, 0x41, 0, ...END], GOOD],
  ])("%s", (_, data, expected, behind = []) => {
    expect(write("ConOut", data, behind)).toBe(expected);
  });
});

// VarCheckUefiLib, InternalVarCheckLoadOption.
describe("a load option wants a path", () => {
  test.each<[string, readonly number[], string, (readonly number[])?]>([
    ["of an end", [...option(4), ...END], GOOD],
    ["with optional data behind it", [...option(8), ...NODE, ...END, 9], GOOD],
    ["of four bytes at least", [...option(3), ...END], WRONG],
    ["that lies in the data", option(4), WRONG, END],
    ["that ends where its size says", [...option(4), ...NODE, ...END], WRONG],
    ["behind a description with a terminator", [1, 0, 0, 0, 4, 0, 0x41, 0], WRONG, [0, 0, ...END]],
  ])("%s", (_, data, expected, behind = []) => {
    expect(write("Boot0042", data, behind)).toBe(expected);
  });
});
