import { parentPort, workerData } from "node:worker_threads";
import { type LaneOptions, LocalLane, laneTarget } from "./lane.ts";
import type { Order } from "./worker-lane.ts";

/** A thread's whole program: rounds on demand, until it is stopped. */
const options = workerData as LaneOptions;
const lane = new LocalLane(await laneTarget(options), options);

parentPort?.on("message", async (order: Order) => {
  if (order.kind === "stop") lane.stop();
  else parentPort?.postMessage(await lane.round(order.runs, order.inputs));
});
