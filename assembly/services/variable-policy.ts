import { RULES } from "../abi/layout";
import {
  LOCK_NEVER,
  LOCK_NOW,
  LOCK_ON_CREATE,
  NAMESPACE_END,
  NAMESPACE_FIRST,
  POLICY_CANT_HAVE,
  POLICY_STATE_GUID,
  POLICY_STATE_NAME,
  POLICY_STATE_NAME_BYTES,
  POLICY_STATE_VALUE,
  RULE_ATTRIBUTES,
  RULE_CONTENT,
  RULE_KIND,
  RULE_MAX,
  RULE_MIN,
  RULE_NAME,
  RULE_NAME_BYTES,
  RULE_POLICY,
} from "../abi/rules";
import { EfiCode, Reason } from "../abi/status";
import { APPEND_WRITE, RUNTIME_ACCESS } from "../abi/variable";
import { scanName } from "../name";
import { Draft, keyDraft, state } from "../state";
import { attributesOf, dataBytesOf, dataOf } from "../store/record";
import { find } from "../store/store";
import { refuse } from "./refusal";

const NUMBER_SIGN: u16 = 0x23;

/**
 * What the platform demanded of a variable before the operating system ran (edk2 VariablePolicyLib, ValidateSetVariable):
 * sizes and attributes, which a deletion need not keep, and locks. `headerBytes` of the data are no payload.
 */
export function checkVariablePolicy(d: Draft, namespace: usize, headerBytes: u32): EfiCode {
  const policy = bestPolicy(d, namespace);
  if (policy === 0) return EfiCode.Success;
  const bytes = d.dataBytes - headerBytes;
  if (bytes !== 0 || (d.attributes & APPEND_WRITE) !== 0) {
    if (bytes < load<u32>(policy, RULE_MIN) || bytes > load<u32>(policy, RULE_MAX)) {
      return refuse(EfiCode.InvalidParameter, Reason.PolicySize);
    }
    const mustHave = load<u32>(policy, RULE_ATTRIBUTES);
    const cantHave = load<u32>(endOfName(policy), POLICY_CANT_HAVE);
    if ((d.attributes & mustHave) !== mustHave || (d.attributes & cantHave) !== 0) {
      return refuse(EfiCode.InvalidParameter, Reason.PolicyAttributes);
    }
  }
  return isLocked(d, policy) ? refuse(EfiCode.WriteProtected, Reason.LockedVariable) : EfiCode.Success;
}

/** The policy that matches best: the fewest wildcards, a whole namespace last; among equals the first. 0: none. */
function bestPolicy(d: Draft, namespace: usize): usize {
  let best: usize = 0;
  let fewest: u32 = u32.MAX_VALUE;
  let rule: usize = RULES + load<u32>(namespace, NAMESPACE_FIRST);
  const end: usize = RULES + load<u32>(namespace, NAMESPACE_END);
  for (; rule < end; rule += load<u16>(rule)) {
    if (load<u8>(rule, RULE_KIND) !== RULE_POLICY) continue;
    const wildcards = wildcardsOf(rule, d);
    if (wildcards >= fewest) continue;
    best = rule;
    fewest = wildcards;
  }
  return best;
}

/** How many digits of the name a policy's wildcards match; u32.MAX_VALUE if it does not match at all. */
function wildcardsOf(rule: usize, d: Draft): u32 {
  const bytes = <u32>load<u16>(rule, RULE_NAME_BYTES);
  if (bytes === 0) return u32.MAX_VALUE - 1;
  if (bytes !== d.nameBytes - 2) return u32.MAX_VALUE;
  let count: u32 = 0;
  for (let i: u32 = 0; i < bytes; i += 2) {
    const unit = load<u16>(d.name + i);
    const wanted = load<u16>(rule + i, RULE_NAME);
    if (wanted === NUMBER_SIGN && isHexDigit(unit)) count++;
    else if (unit !== wanted) return u32.MAX_VALUE;
  }
  return count;
}

function isLocked(d: Draft, policy: usize): bool {
  switch (<u32>load<u8>(policy, RULE_CONTENT)) {
    case LOCK_NEVER:
      return false;
    case LOCK_NOW:
      return true;
    case LOCK_ON_CREATE:
      return isVisible(find(d));
    default:
      return hasState(endOfName(policy));
  }
}

/** True if the policy's state variable is one byte of just that value. */
function hasState(policy: usize): bool {
  if (
    !scanName(
      keyDraft,
      policy + POLICY_STATE_GUID,
      policy + POLICY_STATE_NAME,
      load<u32>(policy, POLICY_STATE_NAME_BYTES),
    )
  )
    return false;
  const record = find(keyDraft);
  if (!isVisible(record) || dataBytesOf(record) !== 1) return false;
  return load<u8>(dataOf(record)) === <u8>load<u32>(policy, POLICY_STATE_VALUE);
}

/** True if GetVariable would find it. */
function isVisible(record: usize): bool {
  return record !== 0 && (state.atRuntime === 0 || (attributesOf(record) & RUNTIME_ACCESS) !== 0);
}

function endOfName(policy: usize): usize {
  return policy + ((RULE_NAME + load<u16>(policy, RULE_NAME_BYTES) + 3) & ~3);
}

function isHexDigit(unit: u16): bool {
  return (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x46) || (unit >= 0x61 && unit <= 0x66);
}
