import {
  KIND_ANY_COMMAND,
  KIND_ANY_FUNCTION,
  KIND_FIRMWARE_INFO,
  PLACE_AT_NAME,
  PLACE_AT_OP,
  PLACE_HYPERVISOR,
  PLACE_LAST_BYTES,
  PLACE_OVER_4G,
  PLACE_PAST_END,
  PLACE_TOP,
  SIZE_OVER_4G,
  STEP_BYTES,
  STEP_DATA_PLACE,
  STEP_NAME_PLACE,
  STEP_OP_PLACE,
  STEP_SEED,
  STEP_SIZE_KIND,
} from "../../../assembly/abi/fuzz.ts";
import * as abi from "../../../assembly/abi/op.ts";
import { viewOf } from "../../formats/flash-bytes.ts";
import { stepKind } from "../step-kind.ts";

/** Addresses that 4 bytes do not hold; the op's own bytes, whose fields lie elsewhere by ABI. */
const BUFFERS_THAT_DIFFER = [PLACE_HYPERVISOR, PLACE_OVER_4G, PLACE_TOP, PLACE_AT_OP];
/** The op lies where later buffers do. Elsewhere it has its usual place, or no memory. */
const OPS_THAT_DIFFER = [PLACE_LAST_BYTES, PLACE_PAST_END, PLACE_AT_NAME];

/**
 * The number behind the last step of a sequence that means the same in every ABI, as all before it do. One does not if its
 * longs or handles need more than 32 bits; if it reads or leaves an op where buffers are; if its op's body is raw bytes
 * under a command that has handles; and no capsule call does that reaches a firmware, for the caller's pointers are of its
 * own width.
 */
export function comparableEnd(input: Uint8Array, takesCapsules: boolean): number {
  const steps = (input.length / STEP_BYTES) | 0;
  let step = 1;
  while (step < steps && isComparable(input, step, takesCapsules)) step++;
  return step;
}

function isComparable(input: Uint8Array, step: number, takesCapsules: boolean): boolean {
  const at = step * STEP_BYTES;
  const field = (offset: number) => (input[at + offset] as number) & 15;
  const seed = viewOf(input).getUint32(at + STEP_SEED, true);
  if (OPS_THAT_DIFFER.includes(field(STEP_OP_PLACE))) return false;
  switch (stepKind(input, step)) {
    case KIND_ANY_FUNCTION:
      return seed % 16 < abi.FN_GET_VARIABLE || seed % 16 > abi.FN_UPDATE_CAPSULE;
    case KIND_ANY_COMMAND:
      return ![abi.CMD_EFI_RUNTIME_CALL, abi.CMD_FIRMWARE_INFO].includes(seed & 0xff);
    case KIND_FIRMWARE_INFO:
      return !isVendor(seed) || (hasBuffer(seed) && !BUFFERS_THAT_DIFFER.includes(field(STEP_DATA_PLACE)));
    case abi.FN_QUERY_CAPSULE_CAPABILITIES:
    case abi.FN_UPDATE_CAPSULE:
      return !takesCapsules;
    case abi.FN_GET_VARIABLE:
    case abi.FN_SET_VARIABLE:
    case abi.FN_GET_NEXT_VARIABLE_NAME:
      return (
        (field(STEP_SIZE_KIND) & 7) !== SIZE_OVER_4G &&
        !BUFFERS_THAT_DIFFER.includes(field(STEP_NAME_PLACE)) &&
        !BUFFERS_THAT_DIFFER.includes(field(STEP_DATA_PLACE))
      );
    default:
      return true;
  }
}

/** The player's firmware_info steps: type and index from three bits each, then whether a handle follows (step.ts). */
const isVendor = (seed: number) => (seed & 7) === abi.FW_EFI_INFO && ((seed >> 3) & 7) === abi.EFI_INFO_VENDOR;
const hasBuffer = (seed: number) => (seed & 0x40) !== 0;
