import { EfiCode, Reason } from "../abi/status";
import { state } from "../state";

/** Notes why the call is refused and gives the status on. */
export function refuse(code: EfiCode, reason: Reason): EfiCode {
  state.reason = reason;
  return code;
}
