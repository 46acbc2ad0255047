/** Exports of a fuzzing core: the core's own, and the player's. */
export * from "../index";
export { dropEdges, forgetEdges, takeEdges } from "./edges";
export { accept, begin, check, compare, compareBeside, fillGuest, goBack, play, prepare } from "./player";
