import { EfiCode, Reason, XenErrno } from "../assembly/abi/status.ts";

export { EfiCode, Reason, XenErrno };

const CODES = Object.values(EfiCode).filter((code) => typeof code === "number");
const NAMES = new Map<number, string>(
  CODES.map((code) => [code, EfiCode[code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase()]),
);

/** Bit 63, set in every EFI status that is an error. */
const ERROR_BIT = 0x8000000000000000n;

/** The status of a code as a 64-bit caller sees it. */
export function efiStatus(code: EfiCode): bigint {
  return code === EfiCode.Success ? 0n : ERROR_BIT | BigInt(code);
}

/** The code of a status: 64 bits wide, or folded to 32. */
export function efiCode(status: bigint): number {
  return Number(status & 0x3fffffffn);
}

/** The specification's name of a status, such as NOT_FOUND; for an unknown one its number. */
export function statusName(status: bigint): string {
  const error = (status & ERROR_BIT) !== 0n || status >> 31n === 1n;
  const code = efiCode(status);
  const name = NAMES.get(code);
  return name === undefined || error === (code === 0) ? `0x${status.toString(16)}` : name;
}

/** Name of a hypercall's result: "0", or "-EFAULT" and its kin; for an unknown one its number. */
export function errnoName(ret: number): string {
  if (ret === 0) return "0";
  const name = XenErrno[-ret];
  return name === undefined ? String(ret) : `-${name}`;
}

/** The 64-bit status of a name as statusName gives it; undefined for what is none. */
export function namedStatus(name: string): bigint | undefined {
  return CODES.map(efiStatus).find((status) => statusName(status) === name);
}

/** The result of a name as errnoName gives it, "-EFAULT" is -14; undefined for what is none. */
export function namedErrno(name: string): number | undefined {
  const errno = /^-E[A-Z]+$/.test(name) ? XenErrno[name.slice(1) as keyof typeof XenErrno] : undefined;
  return errno === undefined ? undefined : -errno;
}

/** A status as the ABIs with 32-bit longs see it (Xen's xen/common/efi/runtime.c for compat callers). */
export function foldStatus(status: bigint): bigint {
  return (status & 0x3fffffffn) | ((status >> 32n) & 0xc0000000n);
}

/** Why a call was refused, in words. Empty for Reason.None. */
export function reasonText(reason: Reason): string {
  return TEXTS[reason];
}

const TEXTS: Readonly<Record<Reason, string>> = {
  [Reason.None]: "",
  [Reason.OpNotMapped]: "the 136 bytes of the op are not all mapped",
  [Reason.InterfaceVersion]: "interface_version is not the hypervisor's",
  [Reason.NotPrivileged]: "the caller is no control domain",
  [Reason.UnknownCommand]: "no such platform op here",
  [Reason.NotBootedFromEfi]: "the hypervisor was not booted from EFI",
  [Reason.RuntimeServicesOff]: "runtime services are switched off",
  [Reason.UnknownFunction]: "no such runtime function",
  [Reason.MiscNotZero]: "misc has a bit that this function does not take",
  [Reason.NameNotMapped]: "the name is not mapped up to its terminator",
  [Reason.DataNotMapped]: "the data buffer is not mapped",
  [Reason.TooLargeToAllocate]: "the hypervisor does not allocate a buffer of this size",
  [Reason.OpNotWritable]: "the op cannot be written back",
  [Reason.SnapshotAttributes]: "the boot snapshot exists for NV+BS+RT only",
  [Reason.RuntimeTableTooOld]: "the runtime services table is older than UEFI 2.0",
  [Reason.CapsulesNotPassedOn]: "Xen does not pass capsules on",
  [Reason.UnknownSchedOp]: "no such sched_op here",
  [Reason.ArgumentNotMapped]: "the argument is not mapped",
  [Reason.CapsulesNotMapped]: "the array of capsules, or a capsule, is not mapped",
  [Reason.FaultInjected]: "an injected fault",
  [Reason.UnknownInfoType]: "no such firmware_info type",
  [Reason.UnknownInfoIndex]: "no such EFI info index",
  [Reason.NoVendorString]: "the hypervisor kept no vendor string",
  [Reason.NoMemoryDescriptor]: "no memory descriptor holds the address",
  [Reason.NoPciRom]: "no ROM of such a PCI device",
  [Reason.NoAppleProperties]: "no Apple properties were collected",
  [Reason.NoBiosInfo]: "the BIOS left no such information",
  [Reason.EmptyName]: "the name is empty",
  [Reason.UnknownAttributes]: "an attribute bit is unknown to this firmware",
  [Reason.RuntimeWithoutBoot]: "RUNTIME_ACCESS without BOOTSERVICE_ACCESS",
  [Reason.NonVolatileAlone]: "NON_VOLATILE alone",
  [Reason.CounterAuthentication]: "counter-based authentication is not supported",
  [Reason.ErrorRecordsNotStored]: "this firmware stores no hardware error records",
  [Reason.DescriptorMalformed]: "the authentication descriptor does not lie within the data",
  [Reason.VariableTooLarge]: "name and data exceed the largest variable",
  [Reason.ReadOnlyVariable]: "the variable is read-only by definition",
  [Reason.DefinedAttributes]: "the variable is defined with other attributes",
  [Reason.DefinedSize]: "the data's size is outside the variable's definition",
  [Reason.ErrorRecordName]: "HARDWARE_ERROR_RECORD is for HwErrRec#### only",
  [Reason.UndefinedName]: "the vendor GUID's namespace defines no such name",
  [Reason.DefinedContent]: "the data is not what the variable's definition asks for",
  [Reason.LockedVariable]: "the firmware locked the variable before the operating system ran",
  [Reason.BootServicesOnly]: "the variable lacks RUNTIME_ACCESS",
  [Reason.AttributesDiffer]: "the variable exists with other attributes",
  [Reason.LanguageCodesReadOnly]: "language code lists cannot be written at run time",
  [Reason.NoRoomForLanguagePair]: "no room for Lang and PlatformLang together",
  [Reason.KeyVariableAttributes]: "key variables need NON_VOLATILE and time-based authentication",
  [Reason.StampFields]: "the time stamp's nanoseconds, zone, daylight and pad bytes are not all zero",
  [Reason.StampNotLater]: "the time stamp is not later than the stored one",
  [Reason.CertificateType]: "the descriptor holds no PKCS#7 certificate",
  [Reason.DigestAlgorithm]: "the signature's digest algorithm is not one that this firmware takes",
  [Reason.SignatureInvalid]: "the signature is not valid, not by the key that may sign, or cannot be checked here",
  [Reason.SignerDiffers]: "the signer is not the one who made the variable",
  [Reason.SignerNotKept]: "the signer cannot be entered into certdb",
  [Reason.NoKeyExchangeKey]: "PK has not signed it, and there is no KEK",
  [Reason.SignatureLists]: "the payload is not made of well-formed signature lists",
  [Reason.NameTooLong]: "the name is longer than this firmware takes",
  [Reason.PolicySize]: "the data's size is outside the variable policy's limits",
  [Reason.PolicyAttributes]: "the attributes are not those that the variable policy demands",
  [Reason.PlatformKeyAppend]: "nothing can be appended to PK",
  [Reason.PrivateVariable]: "this firmware keeps no private authenticated variables",
  [Reason.AppendToPlain]: "this firmware appends to signature lists only",
  [Reason.NothingToAppendTo]: "there is no variable to append to",
  [Reason.AuthenticationAtRuntime]: "this firmware takes no authenticated writes at run time",
  [Reason.EnhancedAuthentication]: "enhanced authentication is not supported",
  [Reason.NotOffered]: "this firmware does not offer the service at run time",
  [Reason.AuthenticatedVariable]: "the stored variable is authenticated",
  [Reason.VolatileAtRuntime]: "a volatile variable cannot be written at run time",
  [Reason.NotFound]: "no such variable",
  [Reason.NothingToDelete]: "there is no variable to delete",
  [Reason.NotNonVolatileRuntime]: "at run time only NON_VOLATILE and RUNTIME_ACCESS variables can be written",
  [Reason.AppendTooLarge]: "old and new data together exceed the largest variable",
  [Reason.StoreFull]: "the store has no room for the record",
  [Reason.BufferTooSmall]: "the buffer is too small",
  [Reason.NoTerminator]: "the name has no terminator within the given size",
  [Reason.UnknownStartName]: "the given name is no visible variable",
  [Reason.EndOfEnumeration]: "there is no further variable",
  [Reason.QueryAttributes]: "no store is queried by these attributes",
  [Reason.NoDataBuffer]: "no data buffer was given",
  [Reason.TimeFields]: "a field of the time is out of its limits",
  [Reason.ZoneNotStored]: "the time zone cannot be stored",
  [Reason.AlarmWithoutTime]: "the alarm is enabled without a time",
  [Reason.AlarmNotWithinADay]: "the alarm is not within one day from now",
  [Reason.AlarmNotStored]: "the alarm's date cannot be stored",
  [Reason.AlarmUnreadable]: "the stored alarm is no valid date",
  [Reason.CapsulesNotOffered]: "this firmware takes no capsules from memory at run time",
  [Reason.NoCapsules]: "no capsule was passed",
  [Reason.PopulateWithoutPersist]: "POPULATE_SYSTEM_TABLE without PERSIST_ACROSS_RESET",
  [Reason.ResetWithoutPersist]: "INITIATE_RESET without PERSIST_ACROSS_RESET",
  [Reason.FmpInSystemTable]: "an FMP capsule cannot go into the system table",
  [Reason.UnknownCapsule]: "the capsule library does not know the capsule's GUID",
  [Reason.CapsuleLayout]: "the FMP capsule's layout is not valid",
  [Reason.EmptyCapsule]: "the FMP capsule holds neither driver nor payload",
  [Reason.CapsuleAtRuntime]: "a capsule without PERSIST_ACROSS_RESET is not processed at run time",
  [Reason.NoCapsuleList]: "no scatter-gather list was passed",
  [Reason.NotAcrossReset]: "this firmware takes no capsules across a reset at run time",
  [Reason.DescriptorNotMapped]: "a block descriptor is not in memory",
  [Reason.DescriptorMisaligned]: "a block descriptor's address is no multiple of 8",
  [Reason.CapsuleListLoops]: "a block descriptor was read twice",
  [Reason.BlockNotMapped]: "a block is not in memory",
  [Reason.CapsuleHeaderSplit]: "a capsule's first block does not hold its header",
  [Reason.CapsuleHeaderSize]: "a capsule's header is larger than its image",
  [Reason.CapsuleNotPersistent]: "a capsule in the list lacks PERSIST_ACROSS_RESET",
  [Reason.BlockBeyondCapsule]: "a block goes beyond its capsule's end",
  [Reason.EmptyCapsuleList]: "the list holds no block",
  [Reason.CapsuleIncomplete]: "the list ends before its last capsule does",
  [Reason.CapsulesTooLarge]: "memory has no room for the capsules in one piece",
};
