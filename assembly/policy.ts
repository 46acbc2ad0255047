import { POLICY } from "./abi/layout";
import { POLICY_FLAGS } from "./abi/policy";
import { EfiCode } from "./abi/status";

/** True if the personality has the flag (abi/policy.ts). */
export function has(flag: u32): bool {
  return (load<u32>(POLICY, POLICY_FLAGS) & flag) !== 0;
}

/** One u32 of the policy block; `field` is an offset of abi/policy.ts. */
export function limit(field: usize): u32 {
  return load<u32>(<usize>POLICY + field);
}

/** What the personality answers in a case; Success where the call goes on. `field` is an offset of abi/policy.ts. */
export function statusOf(field: usize): EfiCode {
  return <EfiCode>limit(field);
}
