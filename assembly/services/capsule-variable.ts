import { CAPSULES_NAME, CAPSULES_NAME_BYTES, CAPSULES_STORED, CAPSULES_VALUE } from "../abi/capsule";
import { CAPSULES } from "../abi/layout";
import { EfiCode } from "../abi/status";
import { BOOTSERVICE_ACCESS, NON_VOLATILE, RUNTIME_ACCESS } from "../abi/variable";
import { scanName } from "../name";
import { ownDraft } from "../state";
import { keepWord } from "../store/mark";
import { setVariable } from "./set-variable";

/** 711c703f-c285-4b10-a3b0-36ecbd3c8be2, EFI_CAPSULE_VENDOR_GUID */
const CAPSULE_VENDOR_GUID = memory.data<u8>([
  0x3f, 0x70, 0x1c, 0x71, 0x85, 0xc2, 0x10, 0x4b, 0xa3, 0xb0, 0x36, 0xec, 0xbd, 0x3c, 0x8b, 0xe2,
]);
/** CapsuleUpdateData */
const STEM = memory.data<u16>([
  0x43, 0x61, 0x70, 0x73, 0x75, 0x6c, 0x65, 0x55, 0x70, 0x64, 0x61, 0x74, 0x65, 0x44, 0x61, 0x74, 0x61,
]);
const STEM_BYTES: usize = 34;
/** Bytes of a capsule variable's data: a machine address. */
const VALUE_BYTES: u32 = 8;

/** At power-on no list has been stored. */
export function forgetLists(): void {
  store<u32>(CAPSULES, 0, CAPSULES_STORED);
}

/**
 * Stores the machine address of a scatter-gather list for the firmware that boots next, in CapsuleUpdateData; further
 * ones since power-on in CapsuleUpdateData1, 2, … (MdeModulePkg/Universal/CapsuleRuntimeDxe/CapsuleService.c). What the
 * variable held is replaced. Gives the status of the write; only after a success the number goes on.
 */
export function storeList(list: u64): EfiCode {
  const number = load<u32>(CAPSULES, CAPSULES_STORED);
  setNumberedName(number);
  store<u64>(CAPSULES, list, CAPSULES_VALUE);
  ownDraft.attributes = NON_VOLATILE | BOOTSERVICE_ACCESS | RUNTIME_ACCESS;
  ownDraft.data = CAPSULES + CAPSULES_VALUE;
  ownDraft.dataBytes = VALUE_BYTES;
  const status = setVariable(ownDraft);
  if (status === EfiCode.Success) {
    keepWord(CAPSULES + CAPSULES_STORED);
    store<u32>(CAPSULES, number + 1, CAPSULES_STORED);
  }
  return status;
}

/** Makes ownDraft name the variable of that number; 0 has none in its name. */
function setNumberedName(number: u32): void {
  const name: usize = CAPSULES + CAPSULES_NAME;
  memory.copy(name, STEM, STEM_BYTES);
  let end = name + STEM_BYTES;
  for (let rest = number; rest !== 0; rest /= 10) end += 2;
  store<u16>(end, 0);
  let digit = end;
  for (let rest = number; rest !== 0; rest /= 10) {
    digit -= 2;
    store<u16>(digit, 0x30 + (rest % 10));
  }
  scanName(ownDraft, CAPSULE_VENDOR_GUID, name, CAPSULES_NAME_BYTES);
}
