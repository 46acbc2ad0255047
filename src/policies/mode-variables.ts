import { CERT_DB_GUID, GLOBAL_GUID } from "../guid.ts";
import { BS_RT } from "./definitions.ts";
import type { BootWrite } from "./policy.ts";

/** Volatile variables of one byte that tell the state of Secure Boot (UEFI 2.10, 3.3), in the given order. */
export function modeVariables(names: string): BootWrite[] {
  return names.split(" ").map((name) => {
    const write = { name, guid: GLOBAL_GUID, attributes: BS_RT, data: name === "SetupMode" ? "01" : "00" };
    return name === "SetupMode" || name === "SecureBoot" ? { ...write, derived: true } : write;
  });
}

/**
 * Where the core keeps who signed a private variable, for firmware that keeps it beside its variables: no
 * RUNTIME_ACCESS, so that no call sees it.
 */
export const HIDDEN_CERT_DB: BootWrite = { name: "certdb", guid: CERT_DB_GUID, attributes: 0x23, data: "04000000" };
