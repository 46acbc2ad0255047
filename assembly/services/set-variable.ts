import { COUNTER_ATTRIBUTE_FIRST, POLICY_ERROR_STORAGE } from "../abi/policy";
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
import { has, limit } from "../policy";
import { Draft, state } from "../state";
import { attributesOf } from "../store/record";
import { find } from "../store/store";
import { checkDescriptor, descriptorBytes, processAuthenticated } from "./auth";
import { checkDefined, checkLocks } from "./defined";
import { coupleLanguages, isLanguage } from "./languages";
import { largestVariable } from "./quota";
import { refuse } from "./refusal";
import { KNOWN_ATTRIBUTES } from "./variables";

const ACCESS: u32 = BOOTSERVICE_ACCESS | RUNTIME_ACCESS;

/**
 * SetVariable of the draft (UEFI 2.10, 8.2.3): the checks of edk2's VariableServiceSetVariable (V.c) in their order,
 * then the update. The caller has scanned the draft's name.
 */
export function setVariable(d: Draft): EfiCode {
  let status = checkName(d);
  if (status === EfiCode.Success) status = checkAttributes(d.attributes);
  if (status === EfiCode.Success) status = checkAuthentication(d);
  if (status === EfiCode.Success) status = checkSize(d);
  if (status === EfiCode.Success) status = checkDefined(d, descriptorBytes(d));
  if (status === EfiCode.Success) status = checkLocks(d);
  if (status !== EfiCode.Success) return status;
  let record = find(d);
  if (record !== 0) status = checkExisting(d.attributes, attributesOf(record));
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

/** Which bits may stand together, whatever the variable. */
function checkAttributes(attributes: u32): EfiCode {
  if (attributes & ~(KNOWN_ATTRIBUTES | AUTHENTICATED_WRITE_ACCESS)) {
    return refuse(EfiCode.InvalidParameter, Reason.UnknownAttributes);
  }
  const counter = (attributes & AUTHENTICATED_WRITE_ACCESS) !== 0;
  if ((attributes & ACCESS) === RUNTIME_ACCESS) {
    return refuse(counter ? EfiCode.Unsupported : EfiCode.InvalidParameter, Reason.RuntimeWithoutBoot);
  }
  if ((attributes & KNOWN_ATTRIBUTES) === NON_VOLATILE) {
    const unsupported = counter && has(COUNTER_ATTRIBUTE_FIRST);
    return refuse(unsupported ? EfiCode.Unsupported : EfiCode.InvalidParameter, Reason.NonVolatileAlone);
  }
  return EfiCode.Success;
}

/** Error records need storage; counter-based authentication is gone; a time-based descriptor must be whole. */
function checkAuthentication(d: Draft): EfiCode {
  const counter = (d.attributes & AUTHENTICATED_WRITE_ACCESS) !== 0;
  const timed = (d.attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0;
  if (!counter && !timed) {
    const errorRecord = (d.attributes & HARDWARE_ERROR_RECORD) !== 0;
    if (!errorRecord || limit(POLICY_ERROR_STORAGE) !== 0) return EfiCode.Success;
    return refuse(EfiCode.InvalidParameter, Reason.ErrorRecordsNotStored);
  }
  if (counter) return refuse(EfiCode.Unsupported, Reason.CounterAuthentication);
  return checkDescriptor(d);
}

/** Name and payload must fit into the largest record of their class; deletions too. */
function checkSize(d: Draft): EfiCode {
  const bytes = <u64>d.nameBytes + d.dataBytes - descriptorBytes(d);
  return bytes > largestVariable(d.attributes)
    ? refuse(EfiCode.InvalidParameter, Reason.VariableTooLarge)
    : EfiCode.Success;
}

/** What an existing variable demands of a write. */
function checkExisting(attributes: u32, stored: u32): EfiCode {
  if (state.atRuntime !== 0 && (stored & RUNTIME_ACCESS) === 0) {
    return refuse(EfiCode.WriteProtected, Reason.BootServicesOnly);
  }
  if (attributes !== 0 && (attributes & ~APPEND_WRITE) !== stored) {
    return refuse(EfiCode.InvalidParameter, Reason.AttributesDiffer);
  }
  return EfiCode.Success;
}
