import { ERROR_RECORDS_BY_NAME } from "../abi/policy";
import {
  CONTENT_ASCII_STRING,
  CONTENT_DEVICE_PATH,
  CONTENT_KEY_OPTION,
  CONTENT_LOAD_OPTION,
  CONTENT_ORDER,
  RULE_ATTRIBUTES,
  RULE_CLOSED_NAMESPACE,
  RULE_CONTENT,
  RULE_DEFINED,
  RULE_FLAGS,
  RULE_MAX,
  RULE_MIN,
  RULE_READ_ONLY,
} from "../abi/rules";
import { EfiCode, Reason } from "../abi/status";
import { APPEND_WRITE, HARDWARE_ERROR_RECORD } from "../abi/variable";
import { has } from "../policy";
import { Draft } from "../state";
import { refuse } from "./refusal";
import { findNamespace, findRule } from "./rules";

/**
 * What the specification or the platform defines for a variable (edk2 VarCheckLib and VarCheckUefiLib): attributes,
 * payload size and content. `namespace`: the rules of the draft's GUID, or 0. `headerBytes` of the draft's data are an
 * authentication descriptor and no payload.
 */
export function checkDefined(d: Draft, namespace: usize, headerBytes: u32): EfiCode {
  const rule: usize = namespace === 0 ? 0 : findRule(namespace, RULE_DEFINED, d.name, d.nameBytes);
  if (rule !== 0 && load<u16>(rule, RULE_FLAGS) & RULE_READ_ONLY) {
    return refuse(EfiCode.WriteProtected, Reason.ReadOnlyVariable);
  }
  const payloadBytes = d.dataBytes - headerBytes;
  if (isDeletion(d.attributes, payloadBytes)) return EfiCode.Success;
  if (rule !== 0) {
    if ((d.attributes & ~APPEND_WRITE) !== load<u32>(rule, RULE_ATTRIBUTES)) {
      return refuse(EfiCode.InvalidParameter, Reason.DefinedAttributes);
    }
    const tooShort = payloadBytes < load<u32>(rule, RULE_MIN);
    if (payloadBytes !== 0 && (tooShort || payloadBytes > load<u32>(rule, RULE_MAX))) {
      return refuse(EfiCode.InvalidParameter, Reason.DefinedSize);
    }
  }
  if (d.attributes & HARDWARE_ERROR_RECORD && has(ERROR_RECORDS_BY_NAME)) {
    const errorRecord = rule !== 0 && (load<u32>(rule, RULE_ATTRIBUTES) & HARDWARE_ERROR_RECORD) !== 0;
    if (!errorRecord) return refuse(EfiCode.InvalidParameter, Reason.ErrorRecordName);
  }
  if (rule === 0) {
    if (namespace === 0 || findRule(namespace, RULE_CLOSED_NAMESPACE, 0, 2) === 0) return EfiCode.Success;
    return refuse(EfiCode.InvalidParameter, Reason.UndefinedName);
  }
  if (isContent(load<u8>(rule, RULE_CONTENT), d.data + headerBytes, payloadBytes)) return EfiCode.Success;
  return refuse(EfiCode.InvalidParameter, Reason.DefinedContent);
}

/** True if a rule defines this variable. */
export function isDefined(guid: usize, name: usize, nameBytes: u32): bool {
  const namespace = findNamespace(guid);
  return namespace !== 0 && findRule(namespace, RULE_DEFINED, name, nameBytes) !== 0;
}

/** No payload and no append, or no attribute at all: the write would delete. */
function isDeletion(attributes: u32, payloadBytes: u32): bool {
  const appending = (attributes & APPEND_WRITE) !== 0;
  return (payloadBytes === 0 && !appending) || attributes === 0;
}

function isContent(check: u32, data: usize, bytes: u32): bool {
  switch (check) {
    case CONTENT_ASCII_STRING:
      return hasNul(data, bytes);
    case CONTENT_ORDER:
      return bytes % 2 === 0;
    case CONTENT_DEVICE_PATH:
      return isDevicePath(data, bytes);
    case CONTENT_LOAD_OPTION:
      return isLoadOption(data, bytes);
    case CONTENT_KEY_OPTION:
      return (bytes - 10) % 4 === 0;
    default:
      return true;
  }
}

function hasNul(data: usize, bytes: u32): bool {
  for (let i: u32 = 0; i < bytes; i++) if (load<u8>(data + i) === 0) return true;
  return false;
}

/** EFI_LOAD_OPTION (UEFI 2.10, 3.1.3): attributes u32, path bytes u16, description with terminator, device path. */
function isLoadOption(data: usize, bytes: u32): bool {
  const pathBytes = <u32>load<u16>(data, 4);
  let path: u32 = 6;
  while (path + 2 <= bytes && load<u16>(data + path) !== 0) path += 2;
  path += 2;
  return path <= bytes && pathBytes <= bytes - path && isDevicePath(data + path, pathBytes);
}

/**
 * A device path of nodes {type u8, subtype u8, length u16, header's 4 included} that ends inside `bytes` with an end
 * node (MdePkg UefiDevicePathLib, IsDevicePathValid).
 */
function isDevicePath(path: usize, bytes: u32): bool {
  if (bytes < 4) return false;
  let at: u32 = 0;
  while (!(load<u8>(path + at) === 0x7f && load<u8>(path + at, 1) === 0xff)) {
    const nodeBytes = <u32>load<u16>(path + at, 2);
    if (nodeBytes < 4) return false;
    at += nodeBytes;
    if (at > bytes - 4) return false;
    const filePath = load<u8>(path + at - nodeBytes) === 4 && load<u8>(path + at - nodeBytes, 1) === 4;
    if (filePath && load<u16>(path + at - 2) !== 0) return false;
  }
  return load<u16>(path + at, 2) === 4;
}
