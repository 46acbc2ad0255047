import { Client } from "../../../src/client.ts";
import { readIdentity } from "../../../src/crypto/identity.ts";
import { nodeVerifier } from "../../../src/crypto/node-verifier.ts";
import { signVariable } from "../../../src/crypto/signer.ts";
import { Machine } from "../../../src/machine.ts";
import { ovmf4m } from "../../../src/policies/ovmf.ts";
import { readContent } from "../../../src/secure-boot/content.ts";
import { enroll } from "../../../src/secure-boot/enroll.ts";
import { planEnrolment } from "../../../src/secure-boot/plan.ts";
import { OWNER } from "./dom0.ts";
import { type Key, keyOf, read } from "./tools.ts";

/** Whose certificates an enrolled store has. */
export const HOLDERS = { db: "Vendor", KEK: "Key Exchange Key", PK: "Platform Key" } as const;

/**
 * A `.fd` of OVMF's 4 MiB build with db, KEK and PK enrolled in setup mode, before any boot of the real firmware; the keys are
 * keyOf's of HOLDERS.
 */
export function enrolledStore(): Uint8Array {
  const platform = identityOf(keyOf(HOLDERS.PK));
  const plan = planEnrolment(
    (["db", "KEK", "PK"] as const).map((name) => ({
      name,
      ...readContent(read(keyOf(HOLDERS[name]).certificate), OWNER),
    })),
    {
      time: { year: 2024, month: 3, day: 5, hour: 12, min: 0, sec: 0, ns: 0, tz: 0, daylight: 0 },
      signers: { platform: (write) => signVariable(write, platform) },
      verifier: nodeVerifier,
    },
  );
  const machine = new Machine({ policy: ovmf4m, verifier: nodeVerifier, start: "attach" });
  for (const { ok, reason } of enroll(new Client(machine), plan)) if (!ok) throw new Error(reason);
  return machine.flash();
}

export function identityOf({ certificate, key }: Key) {
  return readIdentity(read(certificate), read(key));
}
