import { expect, test } from "vitest";
import { dmpstore } from "../../src/formats/dmpstore.ts";
import { killedStores } from "./support/killed.ts";
import { bootOvmf, OVMF_PACKAGES } from "./support/ovmf.ts";
import { need } from "./support/tools.ts";
import { lines } from "./support/variables.ts";

need(...OVMF_PACKAGES);

const COUNT = 5;

test(`OVMF lists every acknowledged variable of ${COUNT} stores whose processes were killed while they wrote`, async () => {
  const stores = killedStores(COUNT);
  for (const { bytes, acknowledged } of stores) {
    const { dump } = await bootOvmf(bytes, "OVMF 4M");
    const expected = lines(acknowledged.map((value) => ({ ...value, attributes: 0x07 })));
    expect(lines(dmpstore.parse(dump))).toEqual(expect.arrayContaining(expected));
  }
  // A process that was killed early may have had nothing acknowledged.
  expect(stores.flatMap(({ acknowledged }) => acknowledged).length).toBeGreaterThan(COUNT);
});
