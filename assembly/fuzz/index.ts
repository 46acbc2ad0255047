/** Exports of a fuzzing core: the core's own, and the player's. */
export * from "../index";
export { dropEdges, forgetEdges, takeEdges } from "./edges";
export { accountedBytes } from "./figures";
export { accept, begin, check, compare, compareBeside, fillGuest, goBack, note, play, prepare } from "./player";
