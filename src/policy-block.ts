import { POLICY, RULES, RULES_BYTES, STAGE_BYTES } from "../assembly/abi/layout.ts";
import * as abi from "../assembly/abi/policy.ts";
import {
  LOCK_NEVER,
  LOCK_NOW,
  LOCK_ON_CREATE,
  LOCK_ON_STATE,
  NAMESPACE_BYTES,
  NAMESPACE_END,
  NAMESPACE_FIRST,
  POLICY_CANT_HAVE,
  POLICY_STATE_GUID,
  POLICY_STATE_NAME,
  POLICY_STATE_NAME_BYTES,
  POLICY_STATE_VALUE,
  RULE_ATTRIBUTES,
  RULE_CONTENT,
  RULE_FLAGS,
  RULE_KIND,
  RULE_MAX,
  RULE_MIN,
  RULE_NAME,
  RULE_NAME_BYTES,
  RULE_POLICY,
  RULE_WILDCARD,
  RULES_NAMESPACES,
} from "../assembly/abi/rules.ts";
import type { Core } from "./core-exports.ts";
import type { Geometry } from "./formats/edk2-store.ts";
import { guidBytes } from "./guid.ts";
import { writeVerdicts } from "./policies/attribute-rules.ts";
import type { Definition } from "./policies/definitions.ts";
import type { Policy } from "./policies/policy.ts";
import type { VariableLock, VariablePolicy } from "./policies/variable-policy.ts";
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
  const { statuses, entries } = policy;
  u32(abi.POLICY_MAX_NAME, policy.maxNameBytes);
  u32(abi.POLICY_NAME_STATUS, statuses.nameTooLong);
  u32(abi.POLICY_MAX_DATA, policy.maxDataBytes);
  u32(abi.POLICY_DATA_STATUS, statuses.dataTooLong);
  u32(abi.POLICY_MAX_MERGED, policy.maxMergedBytes);
  u32(abi.POLICY_SIZE_STATUS, statuses.tooLarge);
  u32(abi.POLICY_ENTRY_OVERHEAD, entries?.overheadBytes ?? 0);
  u32(abi.POLICY_ENTRY_ALIGNMENT, entries?.alignmentBytes ?? 1);
  u32(abi.POLICY_ENTRY_SPACE, entries?.spaceBytes ?? 0);
  u32(abi.POLICY_TOLD_LARGEST, entries?.toldLargestBytes ?? 0);
  u32(abi.POLICY_ORDER, policy.order);
  u32(abi.POLICY_SHOWN_ATTRIBUTES, policy.shownAttributes);
  u32(abi.POLICY_HIDDEN_READ, statuses.hiddenRead);
  u32(abi.POLICY_HIDDEN_WRITE, statuses.hiddenWrite);
  u32(abi.POLICY_HIDDEN_DELETE, statuses.hiddenDelete);
  u32(abi.POLICY_VOLATILE_WRITE, statuses.volatileWrite);
  u32(abi.POLICY_DELETE_MISSING, statuses.deleteMissing);
  u32(abi.POLICY_APPEND_MISSING, statuses.appendMissing);
  u32(abi.POLICY_APPEND_NOTHING, statuses.appendNothing);
  u32(abi.POLICY_APPEND_PLAIN, statuses.appendPlain);
  u32(abi.POLICY_PLAIN_WRITE, statuses.plainWrite);
  u32(abi.POLICY_DESCRIPTOR, statuses.descriptor);
  u32(abi.POLICY_NO_KEK, statuses.noKek);
  u32(abi.POLICY_PK_APPEND, statuses.platformKeyAppend);
  u32(abi.POLICY_CLOCK, statuses.clock);
  u32(abi.POLICY_COUNT, statuses.monotonicCount);
  const keepsErrorRecords = policy.errorStorageBytes !== 0;
  writeVerdicts(view, POLICY, abi.POLICY_SET_VERDICTS, policy.setAttributes, keepsErrorRecords);
  writeVerdicts(view, POLICY, abi.POLICY_QUERY_VERDICTS, policy.queryAttributes, keepsErrorRecords);
  u32(abi.POLICY_STORE_OFFSET, geometry.storeOffset);
  u32(abi.POLICY_STORE_END, geometry.storeEnd);
  u32(abi.POLICY_BLOCK_BYTES, geometry.blockBytes);
  u32(abi.POLICY_FTW_WORK, geometry.workOffset);
  u32(abi.POLICY_FTW_WORK_BYTES, geometry.workBytes);
  u32(abi.POLICY_FTW_SPARE, geometry.spareOffset);
  u32(abi.POLICY_FTW_SPARE_BYTES, geometry.spareBytes);
}

/** Lays the rules out as assembly/abi/rules.ts says: grouped by namespace, in the given order within each. */
export function writeRules(
  { bytes, view }: Core,
  definitions: readonly Definition[],
  policies: readonly VariablePolicy[],
): void {
  const guids = [...new Set([...definitions, ...policies].map(({ guid }) => guid))];
  const namespaces = guids.map((guid) => [
    ...definitions.filter((definition) => definition.guid === guid).map(definedRuleOf),
    ...policies.filter((policy) => policy.guid === guid).map(policyRuleOf),
  ]);
  view.setUint32(RULES, guids.length, true);
  let next = RULES_NAMESPACES + guids.length * NAMESPACE_BYTES;
  for (const [i, guid] of guids.entries()) {
    const namespace = RULES + RULES_NAMESPACES + i * NAMESPACE_BYTES;
    if (next > RULES_BYTES) throw tooMany();
    bytes.set(guidBytes(guid), namespace);
    view.setUint32(namespace + NAMESPACE_FIRST, next, true);
    for (const rule of namespaces[i] as Uint8Array[]) {
      if (next + rule.length > RULES_BYTES) throw tooMany();
      bytes.set(rule, RULES + next);
      next += rule.length;
    }
    view.setUint32(namespace + NAMESPACE_END, next, true);
  }
}

function tooMany(): RangeError {
  return new RangeError(`definitions and variable policies: more than ${RULES_BYTES} bytes of rules`);
}

/** Rules of definitions, which are the same for every machine of a personality: a test makes a machine of its own. */
const known = new WeakMap<Definition, Uint8Array>();

function definedRuleOf(definition: Definition): Uint8Array {
  const rule = known.get(definition) ?? ruleOf(definition);
  known.set(definition, rule);
  return rule;
}

/** The bytes of one rule, `behind` of them behind its name. */
function ruleOf(definition: Definition, behind = 0): Uint8Array {
  const name = toUcs2(definition.name);
  const rule = new Uint8Array(endOfName(name.length) + behind);
  if (rule.length > 0xffff) throw new RangeError(`${definition.name.slice(0, 16)}…: a name of ${name.length} bytes`);
  const view = new DataView(rule.buffer);
  view.setUint16(0, rule.length, true);
  view.setUint8(RULE_KIND, definition.kind);
  view.setUint8(RULE_CONTENT, definition.content);
  view.setUint32(RULE_ATTRIBUTES, definition.attributes, true);
  view.setUint32(RULE_MIN, definition.minBytes, true);
  view.setUint32(RULE_MAX, definition.maxBytes, true);
  view.setUint16(RULE_NAME_BYTES, name.length, true);
  view.setUint16(RULE_FLAGS, definition.flags, true);
  rule.set(name, RULE_NAME);
  return rule;
}

/** The bytes of a variable policy; what RegisterVariablePolicy refuses is a RangeError. */
function policyRuleOf(policy: VariablePolicy): Uint8Array {
  const { name, minBytes = 0, maxBytes = abi.NO_LIMIT, mustHave = 0, cantHave = 0 } = policy;
  const what = `variable policy ${JSON.stringify(name.slice(0, 32))}`;
  if (minBytes > maxBytes) throw new RangeError(`${what}: from ${minBytes} to ${maxBytes} bytes`);
  const both = mustHave & cantHave;
  if (both !== 0) throw new RangeError(`${what}: attributes 0x${both.toString(16)} both wanted and not`);
  const lock = policy.lock ?? "never";
  const state = typeof lock === "string" ? undefined : lock;
  const stateName = state === undefined ? new Uint8Array(0) : toUcs2(`${state.name}\0`);
  const definition: Definition = {
    guid: policy.guid,
    kind: RULE_POLICY,
    name,
    flags: RULE_WILDCARD,
    attributes: mustHave,
    minBytes,
    maxBytes,
    content: lockKind(lock),
  };
  const rule = ruleOf(definition, (POLICY_STATE_NAME + stateName.length + 3) & ~3);
  const view = new DataView(rule.buffer);
  const end = endOfName(view.getUint16(RULE_NAME_BYTES, true));
  view.setUint32(end + POLICY_CANT_HAVE, cantHave, true);
  if (state === undefined) return rule;
  view.setUint32(end + POLICY_STATE_VALUE, state.value, true);
  rule.set(guidBytes(state.guid), end + POLICY_STATE_GUID);
  view.setUint32(end + POLICY_STATE_NAME_BYTES, stateName.length, true);
  rule.set(stateName, end + POLICY_STATE_NAME);
  return rule;
}

function lockKind(lock: VariableLock): number {
  if (lock === "never") return LOCK_NEVER;
  if (lock === "now") return LOCK_NOW;
  return lock === "onCreate" ? LOCK_ON_CREATE : LOCK_ON_STATE;
}

function endOfName(nameBytes: number): number {
  return (RULE_NAME + nameBytes + 3) & ~3;
}
