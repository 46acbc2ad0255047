export {
  type Fields,
  formatLine,
  parseTrace,
  type Trace,
  type TraceCall,
  type TraceHeader,
  type TraceVariable,
  toBigInt,
  type Value,
} from "./format.ts";
export { PLAYER_WINDOW_BYTES, Player } from "./player.ts";
export { Recorder, recordHeader } from "./recorder.ts";
export { type Difference, type Replay, replay } from "./replay.ts";
export { type Start, startMachine } from "./start.ts";
