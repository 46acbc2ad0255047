export { Random } from "../../src/random.ts";
