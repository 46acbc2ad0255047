import { nodeVerifier } from "../../../src/crypto/node-verifier.ts";
import { IMAGE_SECURITY_GUID } from "../../../src/guid.ts";
import { Client, GLOBAL_GUID, Machine, POLICIES, type Policy, type Reason, reasonText } from "../../../src/index.ts";

/** NV+BS+RT with time-based authentication, and the same with APPEND_WRITE. */
export const AT = 0x27;
export const APPEND = 0x67;

/** A vendor GUID that no firmware knows, and an owner of signatures. */
export const VENDOR = "11111111-2222-3333-4444-555555555555";
export const OWNER = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

/** The firmwares that differ in what they take: OVMF 2022.11, and edk2 of today. */
export const FIRMWARES = ["ovmf-4m", "edk2"] as const;
export type Firmware = (typeof FIRMWARES)[number];

/** A Dom0 on a booted machine, as its tools write variables. */
export class Dom0 {
  readonly machine: Machine;
  readonly #client: Client;

  constructor(firmware: Firmware) {
    this.machine = new Machine({ policy: POLICIES[firmware] as Policy, verifier: nodeVerifier });
    this.#client = new Client(this.machine);
  }

  /** SetVariable; the status, and why if it is a refusal. */
  write(name: string, data: Uint8Array, attributes = AT, guid = guidOf(name)): string {
    const { statusName, reason } = this.#client.setVariable(name, guid, attributes, data);
    return reason === "" ? statusName : `${statusName} - ${reason}`;
  }

  read(name: string): Uint8Array | undefined {
    return this.#client.getVariable(name, guidOf(name)).data;
  }

  /** SetupMode and SecureBoot. */
  modes(): string {
    return `SetupMode ${this.read("SetupMode")?.[0]}, SecureBoot ${this.read("SecureBoot")?.[0]}`;
  }
}

/** What Dom0.write answers to a refused write. */
export function refusal(status: string, reason: Reason): string {
  return `${status} - ${reasonText(reason)}`;
}

export function guidOf(name: string): string {
  if (["PK", "KEK", "SetupMode", "SecureBoot"].includes(name)) return GLOBAL_GUID;
  return ["db", "dbx", "dbt"].includes(name) ? IMAGE_SECURITY_GUID : VENDOR;
}

export function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
