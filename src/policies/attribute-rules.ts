import {
  type POLICY_QUERY_VERDICTS,
  POLICY_SET_VERDICTS,
  VERDICT_HIGHER_BIT,
  VERDICT_NO_DATA,
} from "../../assembly/abi/policy.ts";
import { type EfiCode, Reason } from "../../assembly/abi/status.ts";
import {
  APPEND_WRITE,
  AUTHENTICATED_WRITE_ACCESS,
  BOOTSERVICE_ACCESS,
  ENHANCED_AUTHENTICATED_ACCESS,
  HARDWARE_ERROR_RECORD,
  NON_VOLATILE,
  RUNTIME_ACCESS,
  TIME_BASED_AUTHENTICATED_WRITE_ACCESS,
} from "../../assembly/abi/variable.ts";

/** What a firmware looks for in the attributes that a call names, without regard to the variable. */
export interface AttributeCondition {
  /** For docs/personalities.md. */
  text: string;
  reason: Reason;
  holds(call: AttributeCall): boolean;
}

/** The attributes of a call: their low byte, bit 8 for any higher one; and what else a verdict depends on. */
export interface AttributeCall {
  attributes: number;
  hasData: boolean;
  keepsErrorRecords: boolean;
}

/** A condition, and what a call gets for which it holds. */
export type AttributeRule = readonly [condition: AttributeCondition, status: EfiCode];

const ACCESS = BOOTSERVICE_ACCESS | RUNTIME_ACCESS;
/** All but counter-based and enhanced authentication (edk2 EFI_VARIABLE_ATTRIBUTES_MASK). */
const KNOWN = NON_VOLATILE | ACCESS | HARDWARE_ERROR_RECORD | TIME_BASED_AUTHENTICATED_WRITE_ACCESS | APPEND_WRITE;
const AUTHENTICATED = AUTHENTICATED_WRITE_ACCESS | TIME_BASED_AUTHENTICATED_WRITE_ACCESS;

/** True if all of the bits are set. */
const sets = (attributes: number, bits: number) => (attributes & bits) === bits;

function condition(text: string, reason: Reason, holds: AttributeCondition["holds"]): AttributeCondition {
  return { text, reason, holds };
}

export const RESERVED_BITS = condition(
  "a reserved bit",
  Reason.UnknownAttributes,
  ({ attributes }) => attributes >= VERDICT_HIGHER_BIT,
);
export const RESERVED_BITS_WITH_DATA = condition(
  "a reserved bit, and data",
  Reason.UnknownAttributes,
  ({ attributes, hasData }) => hasData && attributes >= VERDICT_HIGHER_BIT,
);
export const ENHANCED = condition("EA", Reason.EnhancedAuthentication, ({ attributes }) =>
  sets(attributes, ENHANCED_AUTHENTICATED_ACCESS),
);
export const ENHANCED_WITH_DATA = condition(
  "EA, and data",
  Reason.EnhancedAuthentication,
  ({ attributes, hasData }) => hasData && sets(attributes, ENHANCED_AUTHENTICATED_ACCESS),
);
export const TIMED_AND_ENHANCED = condition("AT and EA", Reason.EnhancedAuthentication, ({ attributes }) =>
  sets(attributes, TIME_BASED_AUTHENTICATED_WRITE_ACCESS | ENHANCED_AUTHENTICATED_ACCESS),
);
export const COUNTER = condition("AW", Reason.CounterAuthentication, ({ attributes }) =>
  sets(attributes, AUTHENTICATED_WRITE_ACCESS),
);
export const COUNTER_WITH_DATA = condition(
  "AW, and data",
  Reason.CounterAuthentication,
  ({ attributes, hasData }) => hasData && sets(attributes, AUTHENTICATED_WRITE_ACCESS),
);
export const TIMED = condition("AT", Reason.AuthenticationAtRuntime, ({ attributes }) =>
  sets(attributes, TIME_BASED_AUTHENTICATED_WRITE_ACCESS),
);
export const RUNTIME_WITHOUT_BOOT = condition(
  "RT without BS",
  Reason.RuntimeWithoutBoot,
  ({ attributes }) => (attributes & ACCESS) === RUNTIME_ACCESS,
);
export const NON_VOLATILE_ALONE = condition(
  "NV alone, AW and EA aside",
  Reason.NonVolatileAlone,
  ({ attributes }) => (attributes & KNOWN) === NON_VOLATILE,
);
export const NOTHING_KNOWN = condition(
  "none of NV BS RT HR AT AP",
  Reason.QueryAttributes,
  ({ attributes }) => (attributes & KNOWN) === 0,
);
export const NO_ATTRIBUTES = condition("no attributes", Reason.QueryAttributes, ({ attributes }) => attributes === 0);
export const NO_RUNTIME = condition(
  "no RT",
  Reason.NotNonVolatileRuntime,
  ({ attributes }) => !sets(attributes, RUNTIME_ACCESS),
);
export const NO_RUNTIME_WITH_DATA = condition(
  "no RT, and data",
  Reason.NotNonVolatileRuntime,
  ({ attributes, hasData }) => hasData && !sets(attributes, RUNTIME_ACCESS),
);
export const NO_RUNTIME_BUT_DELETIONS = condition(
  "no RT, unless there are no data and no AP, or no attributes but AP",
  Reason.NotNonVolatileRuntime,
  ({ attributes, hasData }) => {
    const deletes = !sets(attributes, APPEND_WRITE) && (!hasData || attributes === 0);
    return !sets(attributes, RUNTIME_ACCESS) && !deletes;
  },
);
export const ACCESS_BUT_NOT_STORED = condition(
  "BS or RT without both NV and RT",
  Reason.NotNonVolatileRuntime,
  ({ attributes }) => (attributes & ACCESS) !== 0 && !sets(attributes, NON_VOLATILE | RUNTIME_ACCESS),
);
export const ERROR_RECORD = condition("HR", Reason.ErrorRecordsNotStored, ({ attributes }) =>
  sets(attributes, HARDWARE_ERROR_RECORD),
);
export const ERROR_RECORD_NOT_KEPT = condition(
  "HR without AT where no room is kept for error records",
  Reason.ErrorRecordsNotStored,
  ({ attributes, keepsErrorRecords }) =>
    !keepsErrorRecords && sets(attributes, HARDWARE_ERROR_RECORD) && (attributes & AUTHENTICATED) === 0,
);
export const ERROR_QUERY_NOT_KEPT = condition(
  "HR where no room is kept for error records",
  Reason.ErrorRecordsNotStored,
  ({ attributes, keepsErrorRecords }) => !keepsErrorRecords && sets(attributes, HARDWARE_ERROR_RECORD),
);
export const ERROR_RECORD_VOLATILE = condition(
  "HR without NV",
  Reason.ErrorRecordsNotStored,
  ({ attributes }) => sets(attributes, HARDWARE_ERROR_RECORD) && !sets(attributes, NON_VOLATILE),
);
export const ERROR_RECORD_NOT_FULL = condition(
  "HR without NV, BS and RT",
  Reason.ErrorRecordsNotStored,
  ({ attributes }) => sets(attributes, HARDWARE_ERROR_RECORD) && !sets(attributes, NON_VOLATILE | ACCESS),
);
export const ALWAYS = condition("always", Reason.NotOffered, () => true);

/** Lays the verdicts of one list of rules, the first that holds, out in the policy block (assembly/abi/policy.ts). */
export function writeVerdicts(
  view: DataView,
  policyBlock: number,
  field: typeof POLICY_SET_VERDICTS | typeof POLICY_QUERY_VERDICTS,
  rules: readonly AttributeRule[],
  keepsErrorRecords: boolean,
): void {
  const count = field === POLICY_SET_VERDICTS ? 2 * VERDICT_NO_DATA : VERDICT_NO_DATA;
  for (let index = 0; index < count; index++) {
    const attributes = index & (VERDICT_NO_DATA - 1);
    const call = { attributes, hasData: (index & VERDICT_NO_DATA) === 0, keepsErrorRecords };
    const rule = rules.find(([{ holds }]) => holds(call));
    const verdict = rule === undefined ? 0 : rule[1] | (rule[0].reason << 8);
    view.setUint16(policyBlock + field + 2 * index, verdict, true);
  }
}
