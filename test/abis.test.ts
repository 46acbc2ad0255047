import { describe, expect, test } from "vitest";
import { differenceText } from "../src/cli/difference.ts";
import { nodeVerifier } from "../src/crypto/node-verifier.ts";
import { fixedMemory } from "../src/guest-memory.ts";
import { ABIS, type Abi } from "../src/op.ts";
import { efiCode, efiStatus } from "../src/status.ts";
import { PLAYER_WINDOW_BYTES, replay, startMachine, type Trace, toBigInt } from "../src/trace/index.ts";
import { readTrace, traceNames } from "./support/fixtures.ts";

/** The trace as a caller of another ABI would have recorded it: statuses in its width, sizes that it can say. */
function retold(trace: Trace, abi: Abi): Trace {
  const isFolded = abi === "x86_32" || abi === "arm32";
  const calls = trace.calls.filter(({ call }) => abi !== "x86_32" || (toBigInt(call.in.size) ?? 0n) <= 0xffffffffn);
  return {
    header: { ...trace.header, abi },
    calls: calls.map(({ line, call }) => {
      if (call.out.status === undefined) return { line, call };
      const code = efiCode(toBigInt(call.out.status) as bigint);
      const folded = code === 0 ? 0n : 0x80000000n | BigInt(code);
      const status = `0x${(isFolded ? folded : efiStatus(code)).toString(16)}`;
      return { line, call: { ...call, out: { ...call.out, status } } };
    }),
  };
}

const stories = (["conformance", "scenarios"] as const).flatMap((folder) =>
  traceNames(folder).map((name) => [folder, name] as const),
);

const PLACES = ["in a window", "foreign"] as const;
const callers = ABIS.flatMap((abi) => PLACES.map((place) => [abi, place] as const));

describe.each(callers)("a caller of %s whose memory is %s", (abi, place) => {
  test.each(stories)("is told the story of %s/%s", (folder, name) => {
    const trace = retold(readTrace(folder, name), abi);
    const guestMemory = place === "foreign" ? fixedMemory(new ArrayBuffer(PLAYER_WINDOW_BYTES)) : undefined;
    const { differences, fields } = replay(trace, startMachine(trace, undefined, nodeVerifier, guestMemory));
    expect(differences.map(differenceText)).toEqual([]);
    expect(fields).toBeGreaterThan(15);
  });
});
