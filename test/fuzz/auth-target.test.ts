import { describe, expect, test } from "vitest";
import {
  CONTENT_LISTED,
  KIND_POWER_CUT,
  KIND_REBOOT,
  STEP_ATTRIBUTES,
  STEP_BYTES,
  STEP_CONTENT,
  STEP_GUID,
  STEP_KIND,
  STEP_NAME,
  STEP_SEED,
} from "../../assembly/abi/fuzz.ts";
import { FN_SET_VARIABLE } from "../../assembly/abi/op.ts";
import { nodeVerifier } from "../../src/crypto/node-verifier.ts";
import { authMachines } from "../../src/fuzz/auth-machines.ts";
import { authOptions } from "../../src/fuzz/auth-options.ts";
import { authData } from "../../src/fuzz/auth-payloads.ts";
import { cachedVerifier } from "../../src/fuzz/cached-verifier.ts";
import { Engine } from "../../src/fuzz/engine.ts";
import { edgeMap } from "../../src/fuzz/fuzz-core.ts";
import { SequenceTarget } from "../../src/fuzz/sequence-target.ts";
import { toHex } from "../../src/hex.ts";
import { Machine } from "../../src/machine.ts";
import { Random } from "../../src/random.ts";

const SEED = 1;
/** certdb is cleaned at boots. */
const options = authOptions([], [KIND_REBOOT, KIND_POWER_CUT]);

function fuzz(runs: number, machines = options.machines) {
  const target = new SequenceTarget({ ...options, machines }, new Random(SEED));
  const engine = new Engine(target, { seed: SEED, findingsMax: 1 });
  engine.run(runs);
  return { target, engine };
}

describe("from an empty corpus", () => {
  const { target, engine } = fuzz(32_000);
  const seen = target.seenEdges();

  test.each(["auth", "signature-list", "cert-db"])(
    "at least nine tenths of the statements of %s are reached",
    (name) => {
      const statements = edgeMap().statements.filter(({ file }) => file === `assembly/services/${name}.ts`);
      const reached = statements.filter(({ edge }) => seen[edge] !== 0);
      expect(statements.length).toBeGreaterThan(50);
      expect(reached.length / statements.length).toBeGreaterThanOrEqual(0.9);
    },
  );

  test("nothing is found", () => {
    expect(engine.findings).toEqual([]);
  });
});

test("the answers that the verifier keeps change nothing but the time", () => {
  const inputs = [1, 0x1000].map((places) => {
    const { engine } = fuzz(300, authMachines(cachedVerifier(nodeVerifier, places)));
    return engine.corpus.inputs.map((input) => toHex(input));
  });
  expect(inputs[0]?.length).toBeGreaterThan(100);
  expect(inputs[1]).toEqual(inputs[0]);
});

test("each payload is a content of the tables, and each has its variable there", () => {
  const { payloads } = authData();
  const { contents, names, guids } = options.tables;
  const found = options.hints?.map(({ content, name, guid, attributes }) => ({
    data: contents[content],
    name: names[name],
    guid: guids[guid],
    attributes,
  }));
  expect(found).toEqual(payloads.map(({ data, name, guid, attributes }) => ({ data, name, guid, attributes })));
});

test("most writes of a payload are writes of its own variable", () => {
  const target = new SequenceTarget(options, new Random(SEED));
  const into = new Uint8Array(target.bytesMax);
  const hints = new Map(options.hints?.map((hint) => [hint.content, hint]));
  let [own, all] = [0, 0];
  for (let round = 0; round < 500; round++) {
    const bytes = target.make(into);
    for (let at = STEP_BYTES; at < bytes; at += STEP_BYTES) {
      const isListed = ((into[at + STEP_CONTENT] as number) & 15) >= CONTENT_LISTED;
      if (into[at + STEP_KIND] !== FN_SET_VARIABLE || !isListed) continue;
      const seed = new DataView(into.buffer).getUint32(at + STEP_SEED, true);
      const hint = hints.get(seed % options.tables.contents.length);
      if (hint === undefined) continue;
      all++;
      const isOwn = [STEP_NAME, STEP_GUID, STEP_ATTRIBUTES].map((field) => into[at + field]);
      if (isOwn.join() === [hint.name, hint.guid, hint.attributes].join()) own++;
    }
  }
  expect(all).toBeGreaterThan(1000);
  expect(own / all).toBeGreaterThan(0.6);
  expect(own).toBeLessThan(all);
});

test("there are machines in setup mode and in user mode of each personality that takes authenticated writes", () => {
  const modes = authMachines(nodeVerifier).map((machine) => {
    const { policy } = new Machine(machine);
    const setupMode = new Machine(machine).variable("SetupMode", "8be4df61-93ca-11d2-aa0d-00e098032b8c")?.data[0];
    return `${policy.name} ${setupMode}`;
  });
  for (const name of ["ovmf-4m", "edk2", "qemu-uefi-vars", "varstored", "openvmm"]) {
    expect(modes).toEqual(expect.arrayContaining([`${name} 1`, `${name} 0`]));
  }
  expect(modes).toContain("uboot 1");
});
