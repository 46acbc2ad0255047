import { POLICY, RULES, RULES_BYTES, STAGE_BYTES } from "../assembly/abi/layout.ts";
import * as abi from "../assembly/abi/policy.ts";
import {
  NAMESPACE_BYTES,
  NAMESPACE_END,
  NAMESPACE_FIRST,
  RULE_ATTRIBUTES,
  RULE_CONTENT,
  RULE_FLAGS,
  RULE_KIND,
  RULE_MAX,
  RULE_MIN,
  RULE_NAME,
  RULE_NAME_BYTES,
  RULES_NAMESPACES,
} from "../assembly/abi/rules.ts";
import type { Core } from "./core.ts";
import type { Geometry } from "./formats/edk2-store.ts";
import { guidBytes } from "./guid.ts";
import type { Definition } from "./policies/definitions.ts";
import type { Policy } from "./policies/policy.ts";
import { toUcs2 } from "./ucs2.ts";

/** Writes a personality's table and a store's geometry into the core's policy block. */
export function writePolicy({ view }: Core, policy: Policy, geometry: Geometry, allocationLimit: bigint): void {
  if (policy.maxAuthVariableBytes > STAGE_BYTES / 2) {
    throw new RangeError(`policy.maxAuthVariableBytes: at most ${STAGE_BYTES / 2}, not ${policy.maxAuthVariableBytes}`);
  }
  const u32 = (offset: number, value: number) => view.setUint32(POLICY + offset, value, true);
  u32(abi.POLICY_FLAGS, policy.flags);
  u32(abi.POLICY_MAX_VARIABLE, policy.maxVariableBytes);
  u32(abi.POLICY_MAX_AUTH_VARIABLE, policy.maxAuthVariableBytes);
  u32(abi.POLICY_MAX_VOLATILE_VARIABLE, policy.maxVolatileVariableBytes);
  u32(abi.POLICY_MAX_ERROR_RECORD, policy.maxErrorRecordBytes);
  u32(abi.POLICY_ERROR_STORAGE, policy.errorStorageBytes);
  u32(abi.POLICY_BOOT_RESERVED, policy.bootReservedBytes);
  u32(abi.POLICY_MAX_USER_SPACE, policy.maxUserBytes);
  u32(abi.POLICY_VOLATILE_STORE, policy.volatileStoreBytes);
  u32(abi.POLICY_MINIMAL_YEAR, policy.minimalYear);
  view.setBigUint64(POLICY + abi.POLICY_ALLOCATION_LIMIT, allocationLimit, true);
  u32(abi.POLICY_CLOCK_RESOLUTION, policy.clockResolutionHz);
  u32(abi.POLICY_CLOCK_ACCURACY, policy.clockAccuracy);
  u32(abi.POLICY_STORE_OFFSET, geometry.storeOffset);
  u32(abi.POLICY_STORE_END, geometry.storeEnd);
  u32(abi.POLICY_BLOCK_BYTES, geometry.blockBytes);
  u32(abi.POLICY_FTW_WORK, geometry.workOffset);
  u32(abi.POLICY_FTW_WORK_BYTES, geometry.workBytes);
  u32(abi.POLICY_FTW_SPARE, geometry.spareOffset);
  u32(abi.POLICY_FTW_SPARE_BYTES, geometry.spareBytes);
}

/** Lays the rules out as assembly/abi/rules.ts says: grouped by namespace, in the given order within each. */
export function writeRules({ bytes, view }: Core, definitions: readonly Definition[]): void {
  const guids = [...new Set(definitions.map((definition) => definition.guid))];
  view.setUint32(RULES, guids.length, true);
  let next = RULES_NAMESPACES + guids.length * NAMESPACE_BYTES;
  for (const [i, guid] of guids.entries()) {
    const namespace = RULES + RULES_NAMESPACES + i * NAMESPACE_BYTES;
    bytes.set(guidBytes(guid), namespace);
    view.setUint32(namespace + NAMESPACE_FIRST, next, true);
    for (const definition of definitions) if (definition.guid === guid) next = writeRule(bytes, view, next, definition);
    view.setUint32(namespace + NAMESPACE_END, next, true);
  }
}

/** Writes one rule at the offset and gives the one behind it. */
function writeRule(bytes: Uint8Array, view: DataView, offset: number, definition: Definition): number {
  const name = toUcs2(definition.name);
  const ruleBytes = (RULE_NAME + name.length + 3) & ~3;
  if (offset + ruleBytes > RULES_BYTES) throw new RangeError(`definitions: more than ${RULES_BYTES} bytes of rules`);
  const rule = RULES + offset;
  view.setUint16(rule, ruleBytes, true);
  view.setUint8(rule + RULE_KIND, definition.kind);
  view.setUint8(rule + RULE_CONTENT, definition.content);
  view.setUint32(rule + RULE_ATTRIBUTES, definition.attributes, true);
  view.setUint32(rule + RULE_MIN, definition.minBytes, true);
  view.setUint32(rule + RULE_MAX, definition.maxBytes, true);
  view.setUint16(rule + RULE_NAME_BYTES, name.length, true);
  view.setUint16(rule + RULE_FLAGS, definition.flags, true);
  bytes.set(name, rule + RULE_NAME);
  return offset + ruleBytes;
}
