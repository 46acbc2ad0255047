import { nodeVerifier, signVariable } from "../../src/crypto/index.ts";
import { Client, Machine } from "../../src/index.ts";
import { makeIdentity, stampOf } from "../../test/support/signer.ts";
import type { Case } from "../batch.ts";
import type { Table } from "../report.ts";
import { DATA_BYTES } from "../steps.ts";
import { timedTable } from "./timed-table.ts";

const GUID = "5f1c9b0e-2a77-4a0e-9d3b-3c5d2e7a8f1b";
const NV_BS_RT_AT = 0x27;

/** An authenticated SetVariable whose signature Node's cryptography checks, and one with a bad signature. */
export async function* signed(): AsyncGenerator<Table> {
  const cases = [updateCase("signed by its creator", true), updateCase("signed by another", false)];
  yield timedTable({ title: "authenticated update, RSA 2048", unit: "us" }, cases);
}

/** The machine goes back before each next one: a time stamp counts once. */
function updateCase(name: string, isCreators: boolean): Case {
  const machine = new Machine({ verifier: nodeVerifier });
  const client = new Client(machine);
  const creator = makeIdentity("creator");
  const data = (year: number, signer = creator) => {
    const write = { name: "Signed", guid: GUID, attributes: NV_BS_RT_AT, time: stampOf({ year }) };
    return signVariable({ ...write, payload: new Uint8Array(DATA_BYTES).fill(year) }, signer);
  };
  const first = client.setVariable("Signed", GUID, NV_BS_RT_AT, data(2024));
  if (!first.ok) throw new Error(`the first signed write: ${first.reason}`);
  const state = machine.snapshot();
  const next = data(2025, isCreators ? creator : makeIdentity("another"));
  const run = () => {
    const { ok, statusName } = client.setVariable("Signed", GUID, NV_BS_RT_AT, next);
    if (ok !== isCreators) throw new Error(`${name}: ${statusName}`);
  };
  return { name, count: 1, run, undo: () => machine.restore(state) };
}
