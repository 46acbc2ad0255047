// The targets as Jazzer.js takes them. What it instruments is CommonJS, so they are in one bundle of that kind
// (scripts/build-fuzz.mjs); Node 20.20 has no require() of ES modules.
const { harnessOf } = require("./build/harness.js");

/** Jazzer.js's own registration of counters, where it is there: then libFuzzer sees the core's edges, too. */
function registerCounters() {
  try {
    const { fuzzer } = require(
      require.resolve("@jazzer.js/fuzzer", { paths: [...(require.main?.paths ?? []), __dirname] }),
    );
    return (count) => fuzzer.coverageTracker.createModuleCounters(count);
  } catch {
    return undefined;
  }
}

module.exports.fuzzOf = (name) => harnessOf(name, registerCounters());
