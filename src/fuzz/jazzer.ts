/** What fuzz/ has of the targets, in one bundle (scripts/build-fuzz.mjs). This file only re-exports. */
export { FindingError, HARNESS_NAMES, harnessOf } from "./harness.ts";
export { corpusOf, dictionaryText } from "./seed-corpus.ts";
