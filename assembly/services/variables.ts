import { POLICY } from "../abi/layout";
import {
  NO_BYTES_ASK_SIZE,
  POLICY_ENTRY_SPACE,
  POLICY_HIDDEN_READ,
  POLICY_QUERY_VERDICTS,
  POLICY_SHOWN_ATTRIBUTES,
  POLICY_TOLD_LARGEST,
  TOO_SMALL_WITHOUT_ATTRIBUTES,
  VERDICT_HIGHER_BIT,
} from "../abi/policy";
import { HEADER_BYTES } from "../abi/record";
import { EfiCode, Reason } from "../abi/status";
import { HARDWARE_ERROR_RECORD, NON_VOLATILE, RUNTIME_ACCESS } from "../abi/variable";
import { scanName } from "../name";
import { has, limit, statusOf } from "../policy";
import { draft, nvRegion, state, volatileRegion } from "../state";
import { first, next } from "../store/order";
import { attributesOf, foundDataBytes, guidOf, nameBytesOf, nameOf } from "../store/record";
import { countsEntries } from "../store/region";
import { find, liveBytes } from "../store/store";
import { largestVariable, spaceFor, usedBytes, usedSpace } from "./quota";
import { refuse } from "./refusal";

/**
 * GetVariable of `draft`'s name (UEFI 2.10, 8.2.1; edk2 V.c VariableServiceGetVariable).
 *
 * state.size: in, the caller's buffer in bytes; out, the variable's, also on BufferTooSmall, else as passed.
 * state.attributes: out, on Success and (by policy) BufferTooSmall, else 0. state.answer, answerBytes: the data to copy out.
 */
export function getVariable(): EfiCode {
  state.attributes = 0;
  if (draft.nameBytes <= 2) return refuse(EfiCode.NotFound, Reason.EmptyName);
  const record = find(draft);
  if (record === 0) return refuse(EfiCode.NotFound, Reason.NotFound);
  const attributes = attributesOf(record);
  if (!isVisible(attributes)) return refuse(statusOf(POLICY_HIDDEN_READ), Reason.BootServicesOnly);
  const shown = attributes & limit(POLICY_SHOWN_ATTRIBUTES);
  const dataBytes = foundDataBytes(record);
  if (state.size < dataBytes) return tellSize(dataBytes, shown);
  if (state.size === 0) return refuse(EfiCode.InvalidParameter, Reason.NoDataBuffer);
  state.size = dataBytes;
  state.attributes = shown;
  state.answer = nameOf(record) + draft.nameBytes;
  state.answerBytes = dataBytes;
  return EfiCode.Success;
}

/** The buffer is too small for the data: tells how many bytes they are. */
function tellSize(dataBytes: u32, attributes: u32): EfiCode {
  const asks = state.size === 0 && has(NO_BYTES_ASK_SIZE);
  state.size = dataBytes;
  state.answerBytes = 0;
  if (!has(TOO_SMALL_WITHOUT_ATTRIBUTES)) state.attributes = attributes;
  return asks ? EfiCode.Success : refuse(EfiCode.BufferTooSmall, Reason.BufferTooSmall);
}

/**
 * GetNextVariableName (UEFI 2.10, 8.2.2; VP.c VariableServiceGetNextVariableInternal). In: `draft.name` and GUID,
 * state.size the buffer's bytes. Out: state.size the bytes of the next name, also on BufferTooSmall; state.answer and
 * answerBytes the name to copy out; the GUID is written over the caller's.
 */
export function getNextVariableName(): EfiCode {
  if (state.size < 2 || !scanName(draft, draft.guid, draft.name, <u32>min<u64>(state.size, u32.MAX_VALUE) & ~1)) {
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
  if (status !== EfiCode.Success) return status;
  if (countsEntries()) {
    const space = <u64>limit(POLICY_ENTRY_SPACE);
    state.maxStoreBytes = space;
    state.remainStoreBytes = space - min(usedSpace(), space);
    state.maxVariableBytes = limit(POLICY_TOLD_LARGEST);
    return EfiCode.Success;
  }
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

/** The policy's verdict on the attributes of a query. */
function checkQuery(attributes: u32): EfiCode {
  const index = attributes > 0xff ? (attributes & 0xff) | VERDICT_HIGHER_BIT : attributes;
  const verdict = load<u16>(POLICY + (index << 1), POLICY_QUERY_VERDICTS);
  return verdict === 0 ? EfiCode.Success : refuse(<EfiCode>(verdict & 0xff), <Reason>(verdict >> 8));
}

/** After ExitBootServices only variables with RUNTIME_ACCESS are seen. */
function isVisible(attributes: u32): bool {
  return state.atRuntime === 0 || (attributes & RUNTIME_ACCESS) !== 0;
}
