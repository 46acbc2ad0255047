/** Locks of a variable policy: never; at once; as soon as the variable exists; while another one has one value. */
export type VariableLock = "never" | "now" | "onCreate" | VariableState;

/** A variable whose value, one byte, locks another one. */
export interface VariableState {
  name: string;
  guid: string;
  value: number;
}

/**
 * What a platform demands of a variable before an operating system runs: an entry of edk2's VariablePolicyLib
 * (MdePkg/Include/Protocol/VariablePolicy.h, VARIABLE_POLICY_ENTRY).
 */
export interface VariablePolicy {
  guid: string;
  /** A # stands for one hexadecimal digit; empty for all of the namespace. */
  name: string;
  /** Payload bytes, both inclusive; a deletion need not keep them, nor the attributes. Default any. */
  minBytes?: number;
  maxBytes?: number;
  /** Attributes that a write must have, and those that it can't. Default none. */
  mustHave?: number;
  cantHave?: number;
  lock?: VariableLock;
}

/** Policies that write-protect variables once an operating system runs. `names` are divided by blanks. */
export function locked(guid: string, names: string): VariablePolicy[] {
  return names.split(" ").map((name) => ({ guid, name, lock: "now" }));
}
