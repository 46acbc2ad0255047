import { POLICY } from "../abi/layout";
import {
  BARE_COUNTER_DELETES,
  DELETE_IGNORES_ATTRIBUTES,
  NO_ACCESS_DELETES,
  NO_DATA_DELETES,
  POLICY_DATA_STATUS,
  POLICY_DELETE_MISSING,
  POLICY_HIDDEN_DELETE,
  POLICY_HIDDEN_WRITE,
  POLICY_MAX_DATA,
  POLICY_MAX_NAME,
  POLICY_NAME_STATUS,
  POLICY_SET_VERDICTS,
  POLICY_SIZE_STATUS,
  VERDICT_HIGHER_BIT,
  VERDICT_NO_DATA,
  VOLATILE_FIRST,
} from "../abi/policy";
import { EfiCode, Reason } from "../abi/status";
import {
  APPEND_WRITE,
  AUTHENTICATED_WRITE_ACCESS,
  BOOTSERVICE_ACCESS,
  HARDWARE_ERROR_RECORD,
  NON_VOLATILE,
  RUNTIME_ACCESS,
  TIME_BASED_AUTHENTICATED_WRITE_ACCESS,
} from "../abi/variable";
import { has, limit, statusOf } from "../policy";
import { Draft, state } from "../state";
import { attributesOf } from "../store/record";
import { find, removeRecord } from "../store/store";
import { checkDescriptor, descriptorBytes, processAuthenticated } from "./auth";
import { removeNode } from "./cert-db";
import { checkDefined } from "./defined";
import { coupleLanguages, isLanguage } from "./languages";
import { largestVariable } from "./quota";
import { refuse } from "./refusal";
import { findNamespace } from "./rules";
import { refuseVolatile } from "./update";
import { checkVariablePolicy } from "./variable-policy";

/** EFI_VARIABLE_AUTHENTICATION: counter u64, WIN_CERTIFICATE_UEFI_GUID 24, EFI_CERT_BLOCK_RSA_2048_SHA256 528. */
const COUNTER_DESCRIPTOR_BYTES: u32 = 560;

const ACCESS: u32 = BOOTSERVICE_ACCESS | RUNTIME_ACCESS;

/**
 * SetVariable of the draft (UEFI 2.10, 8.2.3): the checks of edk2's VariableServiceSetVariable (V.c) in their order,
 * with the policy's statuses, then the update. The caller has scanned the draft's name.
 */
export function setVariable(d: Draft): EfiCode {
  let status = checkName(d);
  if (status === EfiCode.Success) status = checkAttributes(d);
  if (d.dataBytes === 0 && status === EfiCode.Success && has(NO_DATA_DELETES)) return deleteAnything(d);
  if (status === EfiCode.Success && isTimed(d)) status = checkDescriptor(d);
  if (status !== EfiCode.Success) return status;
  const headerBytes = descriptorBytes(d);
  status = checkSize(d, headerBytes);
  if (status === EfiCode.Success) status = checkRules(d, headerBytes);
  if (status !== EfiCode.Success) return status;
  let record = find(d);
  if (record !== 0) status = checkExisting(d, attributesOf(record));
  if (status === EfiCode.Success && isLanguage(d)) {
    status = coupleLanguages(d);
    // The partner's record may have moved this one.
    record = find(d);
  }
  return status === EfiCode.Success ? processAuthenticated(d, record) : status;
}

function checkName(d: Draft): EfiCode {
  return d.nameBytes <= 2 ? refuse(EfiCode.InvalidParameter, Reason.EmptyName) : EfiCode.Success;
}

/** Which bits may stand together, whatever the variable: the policy's verdict on them. */
function checkAttributes(d: Draft): EfiCode {
  const verdict = verdictOn(d.attributes, d.dataBytes === 0);
  return verdict === 0 || isBareCounter(d, verdict)
    ? EfiCode.Success
    : refuse(<EfiCode>(verdict & 0xff), <Reason>(verdict >> 8));
}

/** An EfiCode, and its Reason in the next byte; 0: the call goes on. */
function verdictOn(attributes: u32, isEmpty: bool): u32 {
  let index = attributes & 0xff;
  if (attributes > 0xff) index |= VERDICT_HIGHER_BIT;
  if (isEmpty) index |= VERDICT_NO_DATA;
  return load<u16>(POLICY + (index << 1), POLICY_SET_VERDICTS);
}

/** True for a write refused for its counter alone whose data are a descriptor of counter-based authentication and no more. */
function isBareCounter(d: Draft, verdict: u32): bool {
  if (d.dataBytes !== COUNTER_DESCRIPTOR_BYTES || !has(BARE_COUNTER_DELETES) || isTimed(d)) return false;
  const refusesOthers = verdictOn(withoutCounter(d.attributes), false) !== 0;
  return verdict >> 8 === <u32>Reason.CounterAuthentication && !refusesOthers;
}

/** Without the bit of counters; an error record then stands as one of another authentication, which alone is not looked at. */
function withoutCounter(attributes: u32): u32 {
  const others = attributes & ~AUTHENTICATED_WRITE_ACCESS;
  if ((others & HARDWARE_ERROR_RECORD) === 0) return others;
  return (others & ~HARDWARE_ERROR_RECORD) | TIME_BASED_AUTHENTICATED_WRITE_ACCESS;
}

/** Name and payload must fit into the largest record of their class; deletions too. */
function checkSize(d: Draft, headerBytes: u32): EfiCode {
  if (d.nameBytes > limit(POLICY_MAX_NAME)) return refuse(statusOf(POLICY_NAME_STATUS), Reason.NameTooLong);
  if (d.dataBytes > limit(POLICY_MAX_DATA)) return refuse(statusOf(POLICY_DATA_STATUS), Reason.VariableTooLarge);
  const bytes = <u64>d.nameBytes + d.dataBytes - headerBytes;
  return bytes > largestVariable(d.attributes)
    ? refuse(statusOf(POLICY_SIZE_STATUS), Reason.VariableTooLarge)
    : EfiCode.Success;
}

/** What is defined for the variable, and what the platform locked. */
function checkRules(d: Draft, headerBytes: u32): EfiCode {
  const namespace = findNamespace(d.guid);
  const status = checkDefined(d, namespace, headerBytes);
  return status === EfiCode.Success && namespace !== 0 ? checkVariablePolicy(d, namespace, headerBytes) : status;
}

/** What an existing variable demands of a write. */
function checkExisting(d: Draft, stored: u32): EfiCode {
  if (state.atRuntime !== 0 && (stored & RUNTIME_ACCESS) === 0) {
    const status = statusOf(isDeletion(d) ? POLICY_HIDDEN_DELETE : POLICY_HIDDEN_WRITE);
    if (status !== EfiCode.Success) return refuse(status, Reason.BootServicesOnly);
  }
  if ((stored & NON_VOLATILE) === 0 && has(VOLATILE_FIRST)) {
    const status = refuseVolatile();
    if (status !== EfiCode.Success) return status;
  }
  const differs = d.attributes !== 0 && (d.attributes & ~APPEND_WRITE) !== stored;
  return differs && !(isDeletion(d) && mayDiffer(d.attributes, stored))
    ? refuse(EfiCode.InvalidParameter, Reason.AttributesDiffer)
    : EfiCode.Success;
}

/** True if a deletion with these attributes, other than the stored ones, goes on. */
function mayDiffer(attributes: u32, stored: u32): bool {
  if ((attributes & (ACCESS | APPEND_WRITE)) === 0 && has(NO_ACCESS_DELETES)) return true;
  return has(DELETE_IGNORES_ATTRIBUTES) && ((stored | attributes) & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) === 0;
}

/** No payload and no append, or no access: the write deletes. */
function isDeletion(d: Draft): bool {
  const empty = d.dataBytes === descriptorBytes(d);
  return (empty && (d.attributes & APPEND_WRITE) === 0) || (d.attributes & ACCESS) === 0;
}

/** No data: deletes the variable, whoever asks, and with it who signed it. */
function deleteAnything(d: Draft): EfiCode {
  d.attributes = 0;
  const record = find(d);
  if (record === 0) return refuse(statusOf(POLICY_DELETE_MISSING), Reason.NothingToDelete);
  const stored = attributesOf(record);
  let status = checkExisting(d, stored);
  if (status === EfiCode.Success) status = checkRules(d, 0);
  if (status !== EfiCode.Success) return status;
  removeRecord(d, record);
  if ((stored & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0) removeNode(d);
  return EfiCode.Success;
}

function isTimed(d: Draft): bool {
  return (d.attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0;
}
