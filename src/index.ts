/** xenefi: Xen's EFI runtime-services hypercall, answered in a process. This file only re-exports. */
export {
  type Capsule,
  type CapsuleFirmware,
  type CapsuleList,
  type CapsuleMode,
  capsuleImage,
  EDK2_ARM_CAPSULES,
  EDK2_CAPSULES,
  OVMF_CAPSULES,
  UBOOT_CAPSULES,
} from "./capsules.ts";
export {
  type CapabilitiesReply,
  Client,
  type CountReply,
  type Hypervisor,
  type NameReply,
  type Reply,
  type SpaceReply,
  type TimeReply,
  type VariableReply,
  type WakeupReply,
} from "./client.ts";
export { Clock, DEFAULT_POWER_ON } from "./clock.ts";
export type { AuthenticatedWrite, Signer } from "./crypto/authenticated-write.ts";
export { NO_VERIFIER, type Signed, type Verifier } from "./crypto/verifier.ts";
export type { Fault, FaultKnobs, FaultOutputs, GuestChange, PowerFault } from "./faults/fault.ts";
export type { HostileOptions } from "./faults/hostile.ts";
export type { CallBuffer, PlatformCall } from "./faults/platform-call.ts";
export { alwaysTooSmall, BROKEN_FIRMWARE, firmware, flaky, hostile, loopAt } from "./faults/presets.ts";
export type { Rule } from "./faults/rule.ts";
export { type FlashDevice, FlashError } from "./flash-device.ts";
export { FormatError, type Variable } from "./formats/variable-set.ts";
export {
  type BufferMemoryOptions,
  bufferMemory,
  fixedMemory,
  type GuestCopies,
  type GuestMemory,
} from "./guest-memory.ts";
export { GLOBAL_GUID, guidBytes, guidText } from "./guid.ts";
export * from "./handover/index.ts";
export { type BootQuery, type BootRefusal, Machine, type MachineOptions } from "./machine.ts";
export { machineImage } from "./machine-image.ts";
export { ABIS, type Abi, type OpLayout, opLayout, writeFirmwareInfo, writeRuntimeCall } from "./op.ts";
export type { FirmwareFacts, MemoryRange, PciRom, PlatformState } from "./platform.ts";
export type { AttributeCall, AttributeCondition, AttributeRule } from "./policies/attribute-rules.ts";
export type { Definition } from "./policies/definitions.ts";
export { POLICIES } from "./policies/index.ts";
export type { BootPlan, BootWrite, EntryAccounting, Policy, PolicyStatuses } from "./policies/policy.ts";
export type { VariableLock, VariablePolicy, VariableState } from "./policies/variable-policy.ts";
export { PROFILES, type Profile, type ProfileName } from "./profiles.ts";
export { Random } from "./random.ts";
export { enroll } from "./secure-boot/enroll.ts";
export { KEY_GUIDS, KEY_NAMES, type KeyName } from "./secure-boot/keys.ts";
export { type Change, type PlanOptions, planEnrolment, type Signers, type Update } from "./secure-boot/plan.ts";
export { nextBootStatus, type SecureBootStatus, secureBootLine, secureBootStatus } from "./secure-boot/status.ts";
export { SHUTDOWN_NAMES, type Shutdown, type ShutdownName, StoppedError } from "./shutdown.ts";
export { EfiCode, efiCode, efiStatus, errnoName, Reason, reasonText, statusName, XenErrno } from "./status.ts";
export { type EfiTime, timeText } from "./time.ts";
export * from "./trace/index.ts";
