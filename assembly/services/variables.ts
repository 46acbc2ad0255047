import { POLICY_ERROR_STORAGE } from "../abi/policy";
import { HEADER_BYTES } from "../abi/record";
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
import { scanName } from "../name";
import { limit } from "../policy";
import { draft, nvRegion, state, volatileRegion } from "../state";
import { attributesOf, dataBytesOf, dataOf, guidOf, nameBytesOf, nameOf } from "../store/record";
import { find, first, liveBytes, next } from "../store/store";
import { largestVariable, spaceFor, usedBytes } from "./quota";
import { refuse } from "./refusal";

/** The attributes that the firmware knows, deprecated counter-based authentication aside (edk2 V.c). */
export const KNOWN_ATTRIBUTES: u32 =
  NON_VOLATILE |
  BOOTSERVICE_ACCESS |
  RUNTIME_ACCESS |
  HARDWARE_ERROR_RECORD |
  TIME_BASED_AUTHENTICATED_WRITE_ACCESS |
  APPEND_WRITE;

/**
 * GetVariable of `draft`'s name (UEFI 2.10, 8.2.1; edk2 V.c VariableServiceGetVariable).
 *
 * state.size: in, the caller's buffer in bytes; out, the variable's, also on BufferTooSmall, else as passed.
 * state.attributes: out, on Success and BufferTooSmall, else 0. state.answer, answerBytes: the data to copy out.
 */
export function getVariable(): EfiCode {
  state.attributes = 0;
  if (draft.nameBytes <= 2) return refuse(EfiCode.NotFound, Reason.EmptyName);
  const record = find(draft);
  if (record === 0) return refuse(EfiCode.NotFound, Reason.NotFound);
  const attributes = attributesOf(record);
  if (!isVisible(attributes)) return refuse(EfiCode.NotFound, Reason.BootServicesOnly);
  const dataBytes = dataBytesOf(record);
  if (state.size < dataBytes) {
    state.size = dataBytes;
    state.attributes = attributes;
    return refuse(EfiCode.BufferTooSmall, Reason.BufferTooSmall);
  }
  if (state.size === 0) return refuse(EfiCode.InvalidParameter, Reason.NoDataBuffer);
  state.size = dataBytes;
  state.attributes = attributes;
  state.answer = dataOf(record);
  state.answerBytes = dataBytes;
  return EfiCode.Success;
}

/**
 * GetNextVariableName (UEFI 2.10, 8.2.2; VP.c VariableServiceGetNextVariableInternal). In: `draft.name` and GUID,
 * state.size the buffer's bytes. Out: state.size the bytes of the next name, also on BufferTooSmall; state.answer and
 * answerBytes the name to copy out; the GUID is written over the caller's.
 */
export function getNextVariableName(): EfiCode {
  if (state.size < 2 || !scanName(draft, <u32>min<u64>(state.size, u32.MAX_VALUE) & ~1)) {
    return refuse(EfiCode.InvalidParameter, Reason.NoTerminator);
  }
  let record: usize;
  if (draft.nameBytes === 2) {
    record = first();
  } else {
    const start = find(draft);
    if (start === 0 || !isVisible(attributesOf(start))) {
      return refuse(EfiCode.InvalidParameter, Reason.UnknownStartName);
    }
    record = next(start);
  }
  while (record !== 0 && !isVisible(attributesOf(record))) record = next(record);
  if (record === 0) return refuse(EfiCode.NotFound, Reason.EndOfEnumeration);
  const nameBytes = nameBytesOf(record);
  const room = state.size;
  state.size = nameBytes;
  if (room < nameBytes) return refuse(EfiCode.BufferTooSmall, Reason.BufferTooSmall);
  memory.copy(draft.guid, guidOf(record), 16);
  state.answer = nameOf(record);
  state.answerBytes = nameBytes;
  return EfiCode.Success;
}

/**
 * QueryVariableInfo (UEFI 2.10, 8.2.4; V.c VariableServiceQueryVariableInfo). Out: state.maxStoreBytes,
 * remainStoreBytes, maxVariableBytes; all 0 unless Success.
 */
export function queryVariableInfo(attributes: u32): EfiCode {
  state.maxStoreBytes = 0;
  state.remainStoreBytes = 0;
  state.maxVariableBytes = 0;
  const status = checkQuery(attributes);
  if (status !== EfiCode.Success) return refuse(status, Reason.QueryAttributes);
  const errorRecord = (attributes & HARDWARE_ERROR_RECORD) !== 0;
  const region = attributes & NON_VOLATILE ? nvRegion : volatileRegion;
  const space = spaceFor(region, errorRecord);
  // Dead records count as used at run time; before that only live ones do.
  const used = state.atRuntime !== 0 ? usedBytes(region, errorRecord) : <u64>liveBytes(region, errorRecord);
  state.maxStoreBytes = space;
  state.remainStoreBytes = space - min(used, space);
  const room = state.remainStoreBytes;
  state.maxVariableBytes = room < <u64>HEADER_BYTES ? 0 : min(largestVariable(attributes), room - HEADER_BYTES);
  return EfiCode.Success;
}

/** Success, or what QueryVariableInfo says of these attributes, in edk2's order. */
function checkQuery(attributes: u32): EfiCode {
  const known = attributes & KNOWN_ATTRIBUTES;
  if (attributes === 0) return EfiCode.InvalidParameter;
  if (attributes & AUTHENTICATED_WRITE_ACCESS) return EfiCode.Unsupported;
  if (known === 0) return EfiCode.Unsupported;
  if (known === NON_VOLATILE) return EfiCode.InvalidParameter;
  if ((attributes & (RUNTIME_ACCESS | BOOTSERVICE_ACCESS)) === RUNTIME_ACCESS) return EfiCode.InvalidParameter;
  if (state.atRuntime !== 0 && (attributes & RUNTIME_ACCESS) === 0) return EfiCode.InvalidParameter;
  if (attributes & HARDWARE_ERROR_RECORD) {
    if ((attributes & NON_VOLATILE) === 0) return EfiCode.InvalidParameter;
    if (limit(POLICY_ERROR_STORAGE) === 0) return EfiCode.Unsupported;
  }
  return EfiCode.Success;
}

/** After ExitBootServices only variables with RUNTIME_ACCESS are seen. */
function isVisible(attributes: u32): bool {
  return state.atRuntime === 0 || (attributes & RUNTIME_ACCESS) !== 0;
}
