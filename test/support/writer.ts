import { expect } from "vitest";
import { Client } from "../../src/client.ts";
import { nodeVerifier } from "../../src/crypto/node-verifier.ts";
import { GLOBAL_GUID, IMAGE_SECURITY_GUID } from "../../src/guid.ts";
import { toHex } from "../../src/hex.ts";
import { Machine, type MachineOptions } from "../../src/machine.ts";
import { POLICIES } from "../../src/policies/index.ts";
import type { Policy } from "../../src/policies/policy.ts";
import type { EfiTime } from "../../src/time.ts";
import { certificateList, type Identity, makeIdentity, type SigningOptions, signedData, stampOf } from "./signer.ts";

export const GUID = "11111111-2222-3333-4444-555555555555";
/** Attributes of a key, and of an append to one. */
export const AT = 0x27;
export const APPEND = 0x67;

export const platform = makeIdentity("Platform Key");
export const exchange = makeIdentity("Key Exchange Key");
export const other = makeIdentity("Somebody Else");

export const edk2 = POLICIES.edk2 as Policy;
export const ovmf = POLICIES["ovmf-4m"] as Policy;

/** A Dom0 that writes signed variables and looks at the answer's name. */
export class Writer {
  readonly machine: Machine;
  readonly client: Client;

  constructor(policy: Policy = edk2, options: MachineOptions = {}) {
    this.machine = new Machine({ policy, verifier: nodeVerifier, ...options });
    this.client = new Client(this.machine);
  }

  write(
    name: string,
    payload: Uint8Array,
    signer: Identity,
    { time = {}, attributes = AT, guid = guidOf(name), ...options }: WriteOptions = {},
  ): string {
    const data = signedData({ name, guid, attributes, time: stampOf(time), payload }, signer, options);
    return this.client.setVariable(name, guid, attributes, data).statusName;
  }

  read(name: string): string | undefined {
    const { data } = this.client.getVariable(name, guidOf(name));
    return data && toHex(data);
  }

  /** PK and KEK enrolled: user mode. */
  static enrolled(policy: Policy = edk2): Writer {
    const dom0 = new Writer(policy);
    expect(dom0.write("KEK", certificateList(exchange), exchange)).toBe("SUCCESS");
    expect(dom0.write("PK", certificateList(platform), platform)).toBe("SUCCESS");
    return dom0;
  }
}

export type WriteOptions = SigningOptions & { time?: Partial<EfiTime>; attributes?: number; guid?: string };

/** The namespace of a variable of Secure Boot, or one of its own. */
export function guidOf(name: string): string {
  if (name.startsWith("db")) return IMAGE_SECURITY_GUID;
  return ["PK", "KEK", "SetupMode", "SecureBoot"].includes(name) ? GLOBAL_GUID : GUID;
}
