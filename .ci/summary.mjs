// Prints "N passed, N failed" for vitest's JSON reports: node .ci/summary.mjs report.json ...
// A test file that failed without a failed test (it did not load, or a hook failed) and a run without a report count
// as one failure each, so that nothing that went wrong reads as "0 failed".
import { existsSync, readFileSync } from "node:fs";

let passed = 0;
let failed = 0;

for (const path of process.argv.slice(2)) {
  if (!existsSync(path)) {
    failed += 1;
    continue;
  }
  const report = JSON.parse(readFileSync(path, "utf8"));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  failed += report.testResults.filter(isBroken).length;
}

console.log(`${passed} passed, ${failed} failed`);

function isBroken(file) {
  return file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed");
}
