import { parentPort, workerData } from "node:worker_threads";
import { ByteTarget } from "./byte-target.ts";
import { InputInHand } from "./input-in-hand.ts";
import { LocalLane, laneTarget } from "./lane.ts";
import type { Order, WorkerOptions } from "./worker-lane.ts";

/** A thread's whole program: rounds on demand, until it is stopped. */
const { inHand, ...options } = workerData as WorkerOptions;
const target = await laneTarget(options);
if (target instanceof ByteTarget && inHand !== undefined) target.inHand = new InputInHand(inHand);
const lane = new LocalLane(target, options);

parentPort?.on("message", async (order: Order) => {
  if (order.kind === "stop") lane.stop();
  else parentPort?.postMessage(await lane.round(order.runs, order.inputs));
});
