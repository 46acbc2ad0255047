import { EfiCode, Reason } from "../abi/status";
import { AUTHENTICATED_WRITE_ACCESS, NON_VOLATILE, TIME_BASED_AUTHENTICATED_WRITE_ACCESS } from "../abi/variable";
import { Draft } from "../state";
import { attributesOf } from "../store/record";
import { DB, DBT, DBX, GLOBAL_GUID, IMAGE_SECURITY_GUID, isVariable, KEK, PK } from "./names";
import { refuse } from "./refusal";
import { update } from "./update";

/**
 * EFI_VARIABLE_AUTHENTICATION_2 in front of the data (UEFI 2.10, 8.2.6): EFI_TIME 16, then WIN_CERTIFICATE_UEFI_GUID:
 * dwLength u32 (counted from here), revision u16, type u16, GUID 16, certificate.
 */
const STAMP_BYTES: u32 = 16;
const CERTIFICATE_HEADER_BYTES: u32 = 24;

/** A descriptor must lie within the data. */
export function checkDescriptor(d: Draft): EfiCode {
  const bytes = d.dataBytes;
  if (bytes >= STAMP_BYTES + CERTIFICATE_HEADER_BYTES) {
    const length = load<u32>(d.data, STAMP_BYTES);
    if (length >= CERTIFICATE_HEADER_BYTES && length <= bytes - STAMP_BYTES) return EfiCode.Success;
  }
  return refuse(EfiCode.SecurityViolation, Reason.DescriptorMalformed);
}

/** Bytes of the descriptor in front of the payload; 0 for a plain write. checkDescriptor has passed. */
export function descriptorBytes(d: Draft): u32 {
  if ((d.attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) === 0) return 0;
  return STAMP_BYTES + load<u32>(d.data, STAMP_BYTES);
}

/**
 * Decides who may write the variable (edk2 AuthVariableLib, AuthVariableLibProcessVariable) and updates it. `record`
 * stands for it, or is 0. No signature is checked yet: writes that need one are refused.
 */
export function processAuthenticated(d: Draft, record: usize): EfiCode {
  const timed = (d.attributes & TIME_BASED_AUTHENTICATED_WRITE_ACCESS) !== 0;
  if (isKeyVariable(d) && !(timed && (d.attributes & NON_VOLATILE) !== 0)) {
    return refuse(EfiCode.InvalidParameter, Reason.KeyVariableAttributes);
  }
  if (timed) return refuse(EfiCode.SecurityViolation, Reason.SignatureRequired);
  const authenticated = AUTHENTICATED_WRITE_ACCESS | TIME_BASED_AUTHENTICATED_WRITE_ACCESS;
  if (record !== 0 && (attributesOf(record) & authenticated) !== 0) {
    return refuse(EfiCode.WriteProtected, Reason.AuthenticatedVariable);
  }
  d.stamp = 0;
  return update(d, record);
}

/** PK, KEK, and the image security databases. */
function isKeyVariable(d: Draft): bool {
  return (
    isVariable(d, GLOBAL_GUID, PK) ||
    isVariable(d, GLOBAL_GUID, KEK) ||
    isVariable(d, IMAGE_SECURITY_GUID, DB) ||
    isVariable(d, IMAGE_SECURITY_GUID, DBX) ||
    isVariable(d, IMAGE_SECURITY_GUID, DBT)
  );
}
