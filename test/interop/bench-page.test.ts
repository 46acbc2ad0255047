import { expect, test } from "vitest";
import type { Report } from "../../src/bench/report.ts";
import { benchHtml } from "../../src/pictures/bench-html.ts";
import { madeReport, rowOf } from "../support/bench-report.ts";
import { chromium } from "./support/chromium.ts";
import { need } from "./support/tools.ts";

need("chromium");

/** Names each two texts of a picture that overlap, and each that leaves its picture. */
const LOOK = `<script>
const found = [];
for (const svg of document.querySelectorAll("svg")) {
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBoundingClientRect()]);
  for (const [i, [name, box]] of texts.entries()) {
    if (box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom) {
      found.push(name + " leaves the picture");
    }
    for (const [other, its] of texts.slice(i + 1)) {
      const apart = box.right <= its.left || its.right <= box.left || box.bottom - 3 <= its.top || its.bottom - 3 <= box.top;
      if (!apart) found.push(name + " overlaps " + other);
    }
  }
}
document.body.textContent = "found: " + found.join("; ") + ".";
</script>`;

const LONG = "SetVariable, create and delete";
const CLOSE = ["GetVariable, one", "GetVariable, random", "GetVariable, absent", "GetNextVariableName"].flatMap(
  (operation, i) => [10, 50, 300, 3000].map((at) => rowOf({ group: "growth", operation, at }, 5 + i / 1000)),
);

test.each([
  ["as usual", {}],
  ["of lines that lie on each other", { rows: [...madeReport().rows.slice(0, 2), ...CLOSE] }],
  ["of long names", { rows: [rowOf({ group: "store", operation: LONG }, 9), ...madeReport().rows] }],
  ["of slow calls", { rows: madeReport().rows.map((row) => rowOf(row, row.ratio * 123_456)) }],
] as [string, Partial<Report>][])("chromium shows the pictures of a report %s, no text on another", (_, changes) => {
  const page = benchHtml(madeReport(changes), undefined).replace("</body>", `${LOOK}</body>`);
  expect(/found: .*\./.exec(chromium(page, "html", "--window-size=1200,3000", "--dump-dom"))?.[0]).toBe("found: .");
});
