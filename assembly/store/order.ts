import { ORDER_BY_NAME, ORDER_LOG, ORDER_NEWEST_FIRST, POLICY_ORDER } from "../abi/policy";
import { limit } from "../policy";
import { nvRegion, Region, volatileRegion } from "../state";
import { guidOf, nameBytesOf, nameOf, nextOf, sequenceOf } from "./record";
import { firstLive, isVolatile } from "./store";

/**
 * The order in which GetNextVariableName meets the variables. As a rule that of the logs, the volatile one first; other
 * orders take a walk over all records for each step.
 */

/** The first record of the enumeration, or 0. */
export function first(): usize {
  if (limit(POLICY_ORDER) !== ORDER_LOG) return nearest(0);
  const record = firstLive(volatileRegion, volatileRegion.first);
  return record !== 0 ? record : firstLive(nvRegion, nvRegion.first);
}

/** The record behind `record` in the enumeration, or 0. */
export function next(record: usize): usize {
  if (limit(POLICY_ORDER) !== ORDER_LOG) return nearest(record);
  if (!isVolatile(record)) return firstLive(nvRegion, <usize>nextOf(record));
  const found = firstLive(volatileRegion, <usize>nextOf(record));
  return found !== 0 ? found : firstLive(nvRegion, nvRegion.first);
}

/** The record that comes behind `after` (0: behind none) and before all others that do. */
function nearest(after: usize): usize {
  return nearestIn(volatileRegion, after, nearestIn(nvRegion, after, 0));
}

function nearestIn(region: Region, after: usize, best: usize): usize {
  let record = firstLive(region, region.first);
  while (record !== 0) {
    if ((after === 0 || precedes(after, record)) && (best === 0 || precedes(record, best))) best = record;
    record = firstLive(region, <usize>nextOf(record));
  }
  return best;
}

function precedes(a: usize, b: usize): bool {
  const order = limit(POLICY_ORDER);
  if (order === ORDER_BY_NAME) return compareNames(a, b) < 0;
  const older = sequenceOf(a) !== sequenceOf(b) ? sequenceOf(a) < sequenceOf(b) : a < b;
  return order === ORDER_NEWEST_FIRST ? a !== b && !older : older;
}

/** GUIDs by their fields' values, then names byte by byte, as stored. */
function compareNames(a: usize, b: usize): i32 {
  const byGuid = compareGuids(guidOf(a), guidOf(b));
  if (byGuid !== 0) return byGuid;
  const bytes = min(nameBytesOf(a), nameBytesOf(b));
  const byBytes = memory.compare(nameOf(a), nameOf(b), bytes);
  return byBytes !== 0 ? byBytes : <i32>nameBytesOf(a) - <i32>nameBytesOf(b);
}

/** Fields u32, u16, u16, then eight bytes. */
function compareGuids(a: usize, b: usize): i32 {
  if (load<u32>(a) !== load<u32>(b)) return load<u32>(a) < load<u32>(b) ? -1 : 1;
  if (load<u16>(a, 4) !== load<u16>(b, 4)) return load<u16>(a, 4) < load<u16>(b, 4) ? -1 : 1;
  if (load<u16>(a, 6) !== load<u16>(b, 6)) return load<u16>(a, 6) < load<u16>(b, 6) ? -1 : 1;
  return memory.compare(a + 8, b + 8, 8);
}
