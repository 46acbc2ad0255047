import { usedBytes } from "../services/quota";
import { nvRegion, volatileRegion } from "../state";

/** Bytes of records, dead ones included, that the core counts in a store: of its hardware error records, or all others. */
export function accountedBytes(isVolatile: bool, errorRecords: bool): u32 {
  return <u32>usedBytes(isVolatile ? volatileRegion : nvRegion, errorRecords);
}
