import { parentPort, workerData } from "node:worker_threads";
import { type LaneOptions, LocalLane } from "./lane.ts";
import type { Order } from "./worker-lane.ts";

/** A thread's whole program: rounds on demand, until it is stopped. */
const lane = new LocalLane(workerData as LaneOptions);

parentPort?.on("message", async (order: Order) => {
  if (order.kind === "stop") lane.stop();
  else parentPort?.postMessage(await lane.round(order.runs, order.inputs));
});
