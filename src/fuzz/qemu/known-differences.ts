import { EfiCode } from "../../../assembly/abi/status.ts";
import { APPEND_WRITE, NON_VOLATILE, RUNTIME_ACCESS } from "../../../assembly/abi/variable.ts";
import { CERT_DB_GUID, GLOBAL_GUID, IMAGE_SECURITY_GUID } from "../../guid.ts";
import { efiCode } from "../../status.ts";
import { preloadOf, type Trace, type TraceCall, type Value } from "../../trace/format.ts";
import type { Difference } from "../../trace/replay.ts";
import { refusals, storedBefore } from "./refusals.ts";
import { isKeyVariable, isTimedWrite, readCall, readDescriptor, type VariableCall } from "./variable-call.ts";

/** A call that came out otherwise. */
export interface Case {
  trace: Trace;
  /** Of that call, all of them. */
  differences: readonly Difference[];
  call: VariableCall;
  /** The statuses, if they differ: QEMU's and the machine's. */
  theirs: EfiCode | undefined;
  ours: EfiCode | undefined;
}

/** A way in which QEMU's device and its personality are known to differ. */
export interface KnownDifference {
  name: string;
  /** What QEMU does, and the machine does not. */
  about: string;
  /** Where QEMU does so: a file of v10.0.2 and a function. */
  source: string;
  /** QEMU's version that does so no more, where one is known. */
  until?: string;
  explains(found: Case): boolean;
}

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: "surrogates",
    about: "a name with a surrogate unit is refused, also in well-formed pairs; edk2 and the machine take any unit",
    source: "hw/uefi/var-service-utils.c, uefi_str_is_valid",
    explains: ({ call, theirs }) =>
      theirs === EfiCode.InvalidParameter && /[\ud800-\udfff]/.test(call.name) && call.fn !== "query_variable_info",
  },
  {
    name: "hidden first variable",
    about: "GetNextVariableName of no name gives the first variable of all, if run time may see it or not",
    source: "hw/uefi/var-service-vars.c, uefi_vars_mm_get_next_variable",
    until: "10.1",
    explains: ({ trace, call }) =>
      call.fn === "get_next_variable_name" && call.name === "" && storesHidden(trace) && wasReset(trace, call.line),
  },
  {
    name: "hidden start",
    about: "GetNextVariableName goes on from the name of a variable that run time does not see",
    source: "hw/uefi/var-service-vars.c, uefi_vars_mm_get_next_variable",
    explains: ({ trace, call, theirs, ours }) =>
      call.fn === "get_next_variable_name" &&
      ours === EfiCode.InvalidParameter &&
      theirs !== EfiCode.InvalidParameter &&
      ((storedBefore(trace, call) ?? RUNTIME_ACCESS) & RUNTIME_ACCESS) === 0,
  },
  {
    name: "several reasons to refuse",
    about: "a write that is refused for more than one reason gets the status of what QEMU looks at first",
    source: "hw/uefi/var-service-vars.c, uefi_vars_mm_set_variable and check_update",
    explains: ({ trace, call, theirs, ours }) => {
      if (call.fn !== "set_variable" || theirs === undefined || ours === undefined) return false;
      const reasons = refusals(call, storedBefore(trace, call));
      return reasons.has(theirs) && reasons.has(ours);
    },
  },
  {
    name: "empty authenticated write",
    about: "a deletion by descriptor is one whatever its attributes say",
    source: "hw/uefi/var-service-vars.c, uefi_vars_mm_set_variable and check_update",
    explains: ({ call, theirs }) =>
      theirs === EfiCode.Success && isTimedWrite(call) && readDescriptor(call)?.bytes === call.data.length,
  },
  {
    name: "older stamp in an append",
    about: "an append with an older time stamp than the stored one is refused",
    source: "hw/uefi/var-service-vars.c, uefi_vars_mm_set_variable",
    until: "11.0",
    explains: ({ call, theirs, ours }) =>
      isTimedWrite(call) &&
      (call.attributes & APPEND_WRITE) !== 0 &&
      theirs === EfiCode.SecurityViolation &&
      ours === EfiCode.Success,
  },
  {
    name: "empty append",
    about: "an append without payload to a key variable deletes it; what comes after it meets another store",
    source: "hw/uefi/var-service-vars.c, uefi_vars_mm_set_variable",
    explains: ({ trace, call }) => trace.calls.some((item) => item.line < call.line && deletesByAppend(trace, item)),
  },
  {
    name: "SetupMode written",
    about: "SetupMode can be written, and decides over key variables as it was written; the machine goes by PK",
    source: "hw/uefi/var-service-auth.c, setup_mode_is_active",
    explains: ({ trace, call }) =>
      isTimedWrite(call) &&
      isKeyVariable(call) &&
      trace.calls.some((item) => item.line < call.line && writesSetupMode(readCall(item.line, item.call), item.call)),
  },
  {
    name: "short certificate",
    about: "a certificate whose length does not cover its own header is taken; the payload begins within it",
    source: "hw/uefi/var-service-auth.c, uefi_vars_check_auth_2",
    until: "later than 10.0",
    explains: ({ call, ours }) =>
      isTimedWrite(call) && ours === EfiCode.SecurityViolation && readDescriptor(call)?.isShort === true,
  },
  {
    name: "dbt",
    about: "dbt is a variable like others; the machine's core knows it for a key database",
    source: "hw/uefi/var-service-auth.c, uefi_vars_is_sb_db",
    explains: ({ call }) => call.fn === "set_variable" && call.name === "dbt" && call.guid === IMAGE_SECURITY_GUID,
  },
  {
    name: "certdb",
    about: "who signed a private variable is kept beside it, not in a variable; the machine has one, which is hidden",
    source: "hw/uefi/var-service-pkcs7.c, build_digest_authvar",
    explains: ({ call, theirs, ours }) =>
      call.fn === "get_variable" &&
      call.name === "certdb" &&
      call.guid === CERT_DB_GUID &&
      theirs === EfiCode.NotFound &&
      ours === EfiCode.AccessDenied,
  },
  {
    name: "signature list without size",
    about: "an append of, or to, a signature list whose size is 0 and whose type is unknown never comes back",
    source: "hw/uefi/var-service-siglist.c, uefi_vars_siglist_parse",
    until: "later than 10.0",
    explains: ({ call, differences }) =>
      isKeyVariable(call) &&
      (call.attributes & APPEND_WRITE) !== 0 &&
      differences.some(({ expected }) => expected === "ended by SIGKILL"),
  },
  {
    name: "message without certificate",
    about: "a private authenticated write whose PKCS#7 message holds no certificate ends QEMU by SIGSEGV",
    source: "hw/uefi/var-service-pkcs7.c, build_trust_list_authvar and uefi_vars_check_pkcs7_2",
    explains: ({ call, differences }) =>
      isTimedWrite(call) && !isKeyVariable(call) && differences.some(({ expected }) => expected === "ended by SIGSEGV"),
  },
];

/** The known difference that a call's differences are; undefined: they are news. */
export function knownDifference(trace: Trace, differences: readonly Difference[]): KnownDifference | undefined {
  const { line } = differences[0] as Difference;
  const { call } = trace.calls.find((item) => item.line === line) as Trace["calls"][number];
  const status = differences.find(({ field }) => field === "status");
  const found = {
    trace,
    differences,
    call: readCall(line, call),
    theirs: codeOf(status?.expected),
    ours: codeOf(status?.actual),
  };
  return KNOWN_DIFFERENCES.find(({ explains }) => explains(found));
}

function codeOf(status: Value | undefined): EfiCode | undefined {
  return typeof status === "string" ? efiCode(BigInt(status)) : undefined;
}

function storesHidden({ header }: Trace): boolean {
  return preloadOf(header).some(({ attributes }) => (attributes & (NON_VOLATILE | RUNTIME_ACCESS)) === NON_VOLATILE);
}

function wasReset({ calls }: Trace, line: number): boolean {
  return calls.some((item) => item.line < line && item.call.fn === "reset");
}

function writesSetupMode({ fn, name, guid }: VariableCall, { out }: TraceCall): boolean {
  const isWrite = fn === "set_variable" && name === "SetupMode" && guid === GLOBAL_GUID;
  return isWrite && codeOf(out.status) === EfiCode.Success;
}

/** True for an append without payload to a key variable that was there. */
function deletesByAppend(trace: Trace, { line, call }: Trace["calls"][number]): boolean {
  const append = readCall(line, call);
  if (!isTimedWrite(append) || !isKeyVariable(append) || (append.attributes & APPEND_WRITE) === 0) return false;
  const isEmpty = readDescriptor(append)?.bytes === append.data.length;
  return isEmpty && codeOf(call.out.status) === EfiCode.Success && storedBefore(trace, append) !== undefined;
}
