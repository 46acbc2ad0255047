import { RULES } from "../abi/layout";
import {
  NAMESPACE_BYTES,
  NAMESPACE_END,
  NAMESPACE_FIRST,
  RULE_FLAGS,
  RULE_KIND,
  RULE_NAME,
  RULE_NAME_BYTES,
  RULE_WILDCARD,
  RULES_NAMESPACES,
} from "../abi/rules";
import { sameGuid } from "../bytes";

/** The rules block (abi/rules.ts): which rules there are for a variable. */

/** The rules of a GUID by their core address, or 0 if there are none. */
export function findNamespace(guid: usize): usize {
  let namespace: usize = RULES + RULES_NAMESPACES;
  const end = namespace + <usize>load<u32>(RULES) * NAMESPACE_BYTES;
  for (; namespace < end; namespace += NAMESPACE_BYTES) {
    if (sameGuid(namespace, guid)) return namespace;
  }
  return 0;
}

/** The namespace's first rule of this kind for the name (terminator included), or 0. */
export function findRule(namespace: usize, kind: u32, name: usize, nameBytes: u32): usize {
  let rule: usize = RULES + load<u32>(namespace, NAMESPACE_FIRST);
  const end: usize = RULES + load<u32>(namespace, NAMESPACE_END);
  for (; rule < end; rule += load<u16>(rule)) {
    if (load<u8>(rule, RULE_KIND) === kind && matches(rule, name, nameBytes - 2)) return rule;
  }
  return 0;
}

function matches(rule: usize, name: usize, bytes: u32): bool {
  if (load<u16>(rule, RULE_NAME_BYTES) !== bytes) return false;
  const wildcard = (load<u16>(rule, RULE_FLAGS) & RULE_WILDCARD) !== 0;
  for (let i: u32 = 0; i < bytes; i += 2) {
    const unit = load<u16>(name + i);
    const wanted = load<u16>(rule + i, RULE_NAME);
    if (unit !== wanted && !(wildcard && wanted === 0x23 && isUpperHexDigit(unit))) return false;
  }
  return true;
}

function isUpperHexDigit(unit: u16): bool {
  return (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x46);
}
