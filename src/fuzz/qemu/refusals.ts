import { EfiCode } from "../../../assembly/abi/status.ts";
import {
  APPEND_WRITE,
  AUTHENTICATED_WRITE_ACCESS,
  NON_VOLATILE,
  RUNTIME_ACCESS,
} from "../../../assembly/abi/variable.ts";
import { GLOBAL_GUID, GUID_NAMES } from "../../guid.ts";
import { qemu } from "../../policies/qemu.ts";
import { preloadOf, type Trace } from "../../trace/format.ts";
import { isKeyVariable, isTimedWrite, readCall, readDescriptor, type VariableCall } from "./variable-call.ts";

/** All bits that QEMU knows, but counter-based authentication (EFI_VARIABLE_ATTRIBUTE_SUPPORTED). */
const SUPPORTED = 0x6f;
const KEY_ATTRIBUTES = 0x27;

/**
 * Every status that QEMU has a reason to refuse this write with, in whatever order it looks. `stored`: the attributes of
 * the variable, if it is there.
 */
export function refusals(call: VariableCall, stored: number | undefined): Set<EfiCode> {
  const { name, guid, attributes, data } = call;
  const found = new Set<EfiCode>();
  const refuseIf = (refused: boolean, code: EfiCode) => refused && found.add(code);
  refuseIf(2 * (name.length + 1) + data.length > qemu.maxVariableBytes - 60, EfiCode.InvalidParameter);
  refuseIf(isTimedWrite(call), EfiCode.SecurityViolation);
  refuseIf(isTimedWrite(call) && readDescriptor(call)?.isPkcs7 === false, EfiCode.Unsupported);
  refuseIf((attributes & AUTHENTICATED_WRITE_ACCESS) !== 0, EfiCode.Unsupported);
  refuseIf((attributes & ~SUPPORTED) !== 0, EfiCode.Unsupported);
  refuseIf((attributes & RUNTIME_ACCESS) === 0, EfiCode.AccessDenied);
  refuseIf(stored !== undefined && (stored & RUNTIME_ACCESS) === 0, EfiCode.AccessDenied);
  const kept = attributes & ~APPEND_WRITE;
  refuseIf(stored !== undefined && stored !== kept, EfiCode.InvalidParameter);
  refuseIf(isKeyVariable(call) && kept !== KEY_ATTRIBUTES, EfiCode.InvalidParameter);
  const isLocked = qemu.variablePolicies.some((policy) => policy.name === name && policy.guid === guid);
  refuseIf(isLocked, EfiCode.WriteProtected);
  refuseIf((attributes & APPEND_WRITE) !== 0 && stored !== undefined && !isKeyVariable(call), EfiCode.Unsupported);
  return found;
}

/** What the device makes itself. */
const OWN: readonly { name: string; guid: string; attributes: number }[] = [
  ...["SetupMode", "SignatureSupport", "SecureBoot", "VendorKeys"].map((name) => ({
    name,
    guid: GLOBAL_GUID,
    attributes: 6,
  })),
  { name: "VendorKeysNv", guid: GLOBAL_GUID, attributes: 0x23 },
  { name: "CustomMode", guid: GUID_NAMES.custommode as string, attributes: 3 },
  { name: "MTC", guid: GUID_NAMES.mtc as string, attributes: 7 },
];

/** Attributes of the call's variable before the call, by what the device answered until then; undefined: it is not there. */
export function storedBefore(trace: Trace, call: VariableCall): number | undefined {
  const is = ({ name, guid }: { name: string; guid: string }) => name === call.name && guid === call.guid;
  let stored = [...OWN, ...preloadOf(trace.header)].find(is)?.attributes;
  for (const item of trace.calls) {
    if (item.line >= call.line) break;
    if (item.call.fn === "reset" && !OWN.some(is) && ((stored ?? 0) & NON_VOLATILE) === 0) stored = undefined;
    const before = readCall(item.line, item.call);
    if (before.fn !== "set_variable" || !is(before) || BigInt((item.call.out.status as string) ?? 1) !== 0n) continue;
    const payload = before.data.length - (isTimedWrite(before) ? (readDescriptor(before)?.bytes ?? 0) : 0);
    stored = payload > 0 ? before.attributes & ~APPEND_WRITE : undefined;
  }
  return stored;
}
