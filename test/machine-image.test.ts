import { expect, test } from "vitest";
import { ATTENTION_UNPRIVILEGED, LAYOUT_VERSION, STATE, STATE_ATTENTION, WINDOW } from "../assembly/abi/layout.ts";
import { crc32 } from "../src/formats/crc.ts";
import { Client, Machine, machineImage } from "../src/index.ts";
import { snapshotBlocks } from "../src/snapshot.ts";

const GUID = "11111111-2222-3333-4444-555555555555";

/** Core memory as an image describes it, read without the code that wrote it. */
function expand(image: Uint8Array): Uint8Array {
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  const core = new Uint8Array(WINDOW);
  let at = 16;
  while (at < image.length) {
    const [address, bytes, filler] = [0, 4, 8].map((field) => view.getUint32(at + field, true)) as [
      number,
      number,
      number,
    ];
    at += 12;
    expect(address).toBeGreaterThanOrEqual(STATE);
    expect(address + bytes).toBeLessThanOrEqual(WINDOW);
    if (filler < 0x100) core.fill(filler, address, address + bytes);
    else {
      expect(filler).toBe(0x100);
      core.set(image.subarray(at, at + bytes), address);
      at += (bytes + 3) & ~3;
    }
  }
  expect(at).toBe(image.length);
  return core;
}

test.each(["a machine after its boot", "one that has been written to"])("%s is in its image to the byte", (which) => {
  const machine = new Machine();
  if (which !== "a machine after its boot") {
    new Client(machine).setVariable(
      "Odd",
      GUID,
      7,
      Uint8Array.from({ length: 1001 }, (_, i) => (i / 40) & 0xff),
    );
  }
  const expected = new Uint8Array(WINDOW);
  for (const { address, bytes } of snapshotBlocks(machine.snapshot())) expected.set(bytes, address);
  expect(Buffer.compare(expand(machineImage(machine)), expected)).toBe(0);
});

test("holes of guest memory and a flash device stay behind", () => {
  const bootedStore = new Machine().flash();
  const machine = new Machine({ store: bootedStore, flash: { write: () => {}, sync: () => {} } });
  machine.unmap(0x2000, 0x3000);
  machine.platform.privileged = false;
  const attention = (core: Uint8Array) => new DataView(core.buffer).getUint32(STATE_ATTENTION, true);
  expect(attention(expand(machineImage(machine)))).toBe(ATTENTION_UNPRIVILEGED);
});

test("an image begins with its magic, layout, checksum and size, and is less than a fortieth of a snapshot", () => {
  const machine = new Machine();
  const image = machineImage(machine);
  const view = new DataView(image.buffer);
  expect(new TextDecoder().decode(image.subarray(0, 4))).toBe("XEFI");
  const body = image.subarray(16);
  expect([4, 8, 12].map((field) => view.getUint32(field, true))).toEqual([LAYOUT_VERSION, crc32(body), body.length]);
  expect(image.length).toBeLessThan(machine.snapshot().length / 40);
});
