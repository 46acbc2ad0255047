/** The core's exports. Integers of 32 bits only: addresses and sizes are unsigned, statuses are EfiCodes. */
export { attach, bootWrite, exitBootServices, lookUp, powerOn, readyToBoot } from "./boot";
export { dispatch } from "./dispatch";
export { schedOp } from "./sched-op";
export { nextCapsuleBlock, openCapsuleList, startCapsuleLists } from "./services/capsule-list";
export { cleanCertDb } from "./services/cert-db";
export { startMonotonicCount } from "./services/clock";
export { mark, undo } from "./store/mark";
export { first as firstRecord, next as nextRecord } from "./store/order";
