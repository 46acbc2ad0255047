import { differenceText, type Result } from "./difference.ts";

/** A JUnit report: a test suite a trace, one failure with all its differences. */
export function junit(results: readonly Result[]): string {
  const suites = results.map((result) => {
    const failed = result.differences.length > 0;
    const differences = result.differences.map(differenceText).join("\n");
    const message = `${result.differences.length} of ${result.fields} fields differ`;
    const failure = failed ? `<failure message="${xmlText(message)}">${xmlText(differences)}</failure>` : "";
    return `  <testsuite name="${xmlText(result.file)}" tests="1" failures="${failed ? 1 : 0}">
    <testcase classname="xenefi.replay" name="${xmlText(result.file)}">${failure}</testcase>
  </testsuite>
`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join("")}</testsuites>\n`;
}

/** Text for XML 1.0: markup escaped, characters that it cannot hold replaced. */
function xmlText(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML cannot hold
  const clean = text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd");
  return clean.replaceAll(/[&<>"]/g, (character) => entities[character] as string);
}
