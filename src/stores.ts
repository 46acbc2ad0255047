/** xenefi/stores: the nine store formats, their checks, and what variables say. This file only re-exports. */
export { type Context, type Decoded, decode, type Json } from "./decoders/index.ts";
export { checkVolume } from "./formats/edk2-check.ts";
export {
  findVolume,
  formatVolume,
  type Geometry,
  LAYOUTS,
  type LogEntry,
  readLog,
  recoverVolume,
  type Volume,
} from "./formats/edk2-store.ts";
export { directoryLosses, parseDirectory, serializeDirectory } from "./formats/efivarfs.ts";
export type { Finding } from "./formats/finding.ts";
export { FORMAT_NAMES, type Format, type FormatName, type FormatOptions, type Loss } from "./formats/format.ts";
export { detectFormat, FORMATS, formatNamed } from "./formats/index.ts";
export { areSame, areSameLists } from "./formats/sameness.ts";
export { FormatError, keyOf, type Variable } from "./formats/variable-set.ts";
export { checkVariables } from "./variable-check.ts";
