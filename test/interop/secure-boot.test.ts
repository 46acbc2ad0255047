import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import type { Variable } from "../../src/index.ts";
import { Dom0, OWNER } from "./support/dom0.ts";
import { OVMF_PACKAGES, runUnderSecureBoot } from "./support/ovmf.ts";
import { file, fresh, keyOf, need, output, read, run } from "./support/tools.ts";
import { storedVariables } from "./support/variables.ts";

need(...OVMF_PACKAGES, "efitools", "openssl", "sbsigntool");

/** Whose certificates an enrolled store has. */
const HOLDERS = { db: "Vendor", KEK: "Key Exchange Key", PK: "Platform Key" } as const;

/** A machine of OVMF's 4 MiB build into which Dom0 has enrolled db, KEK and PK. */
function enrolled(): Dom0 {
  const dom0 = new Dom0("ovmf-4m");
  const { key, certificate } = keyOf(HOLDERS.PK);
  for (const [name, holder] of Object.entries(HOLDERS)) {
    const list = output("cert-to-efi-sig-list", "-g", OWNER, keyOf(holder).certificate);
    const signer = ["-k", key, "-c", certificate, "-t", "2024-03-05 12:00:00"];
    expect(dom0.write(name, output("sign-efi-sig-list", ...signer, name, file(list)))).toBe("SUCCESS");
  }
  return dom0;
}

const PROGRAMS = "/usr/lib/efitools";

/** An EFI program that ends at once if it is told nothing, signed or not. */
function program(signer?: string): Uint8Array {
  const [architecture] = readdirSync(PROGRAMS);
  const path = `${PROGRAMS}/${architecture}/ReadVars.efi`;
  if (signer === undefined) return read(path);
  const { key, certificate } = keyOf(signer);
  const signed = fresh();
  run("sbsign", "--key", key, "--cert", certificate, "--output", signed, path);
  return read(signed);
}

/** Boot0001 is the disk; UiApp is what the boot manager goes on to when a program has ended well. */
const RAN = 'BdsDxe: starting Boot0000 "UiApp"';
const REFUSED = 'failed to load Boot0001 "UEFI Non-Block Boot Device" from PciRoot(0x0)/Pci(0x1,0x0): Access Denied';

// Debian's builds have no shell while Secure Boot is on: what they load is what they tell.
test.each([
  ["runs a program that the holder of db has signed", HOLDERS.db, RAN],
  ["refuses a program that somebody else has signed", "Somebody Else", REFUSED],
  ["refuses a program without signature", undefined, REFUSED],
])("OVMF with keys that xenefi enrolled %s, and keeps the keys byte for byte", async (_, signer, ending) => {
  const dom0 = enrolled();
  const { said, store } = await runUnderSecureBoot(dom0.machine.flash(), program(signer), ending);
  expect(said.includes("starting Boot0001")).toBe(ending === RAN);
  const isKey = ({ name }: Variable) => Object.keys(HOLDERS).includes(name);
  const kept = storedVariables(store).filter(isKey);
  expect(kept.length).toBe(3);
  expect(kept).toEqual(
    storedVariables(dom0.machine.flash())
      .filter(isKey)
      .map((key) => ({ ...key, offset: expect.any(Number) })),
  );
  expect(storedVariables(store).find(({ name }) => name === "SecureBootEnable")?.data).toEqual(Uint8Array.of(1));
});
