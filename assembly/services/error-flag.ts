import { flagDraft } from "../state";
import { clearBits } from "../store/flash";
import { dataBytesOf, dataOf } from "../store/record";
import { find } from "../store/store";
import { setName, VAR_ERROR_FLAG, VAR_ERROR_FLAG_GUID } from "./names";

/** Masks for VarErrorFlag's byte: the common space was short, the user space was short (edk2 VarErrorFlag.h). */
export const SYSTEM_ERROR: u8 = 0xef;
export const USER_ERROR: u8 = 0xfe;

/** Clears bits of VarErrorFlag in place, without a new record; nothing happens if the variable is gone. */
export function clearErrorFlag(mask: u8): void {
  setName(flagDraft, VAR_ERROR_FLAG_GUID, VAR_ERROR_FLAG);
  const record = find(flagDraft);
  if (record === 0 || dataBytesOf(record) === 0) return;
  const flag = dataOf(record);
  if ((load<u8>(flag) & mask) !== load<u8>(flag)) clearBits(flag, mask);
}
