import type { ReachedStatement } from "../fuzz-run.ts";
import { type FileCoverage, fileCoverage, leftOut, missedLines } from "../line-coverage.ts";
import { percentText } from "../quantity.ts";
import { reachOf } from "../statement-coverage.ts";
import { bar, safe } from "./markup.ts";

/** Sign and style of a line: of one that was reached, of one that was not, and of one without a statement. */
const REACHED = { sign: "✓", style: "reached" };
const MISSED = { sign: "✗", style: "missed" };
const NONE = { sign: " ", style: "" };

/** The core's files, what was reached of each, and their lines where the text is known. */
export function coveragePart(
  statements: readonly ReachedStatement[],
  sources: Readonly<Record<string, string>>,
): string {
  const files = fileCoverage(statements);
  const { reached, reachable } = reachOf(statements);
  return `<h2>Statements of the core: ${percentText(reached, reachable)}</h2>
<p class="quiet">${reached} of ${reachable} that a guest can come to were reached. <span class="reached">${REACHED.sign}</span> all statements that begin in the line were; <span class="missed">${MISSED.sign}</span> one or more were not.</p>
<div class="files">
${files.map((file) => fileBlock(file, Object.hasOwn(sources, file.file) ? sources[file.file] : undefined)).join("\n")}
</div>${leftOutBlock(statements)}`;
}

/** What is not counted, and why. */
function leftOutBlock(statements: readonly ReachedStatement[]): string {
  const all = leftOut(statements);
  if (all.length === 0) return "";
  const items = all.map(({ file, why, statements: count }) => `<li>${safe(file)}: ${count}, ${safe(why)}</li>`);
  return `\n<p class="quiet">Left out, for no guest comes there:</p>\n<ul class="quiet">\n${items.join("\n")}\n</ul>`;
}

function fileBlock(file: FileCoverage, source: string | undefined): string {
  const { covered, statements } = file;
  const summary = `<span class="file">${safe(file.file)}</span><span class="number">${covered} / ${statements}</span><span class="number">${percentText(covered, statements)}</span>${bar(covered, statements)}`;
  const lines = source === undefined ? missedText(file) : `<pre class="source">${sourceLines(file, source)}</pre>`;
  return `<details><summary>${summary}</summary>${lines}</details>`;
}

/** Where there is no text: the numbers of the lines that were not reached. */
function missedText(file: FileCoverage): string {
  const missed = missedLines(file);
  return `<p>${missed.length === 0 ? "All lines were reached." : `Not reached: lines ${missed.join(", ")}`}</p>`;
}

/** The text with signs and line numbers; lines that follow each other and are marked alike share an element. */
function sourceLines({ lines }: FileCoverage, source: string): string {
  const texts = source.replace(/\n$/, "").split("\n");
  const width = String(texts.length).length;
  let marked = "";
  let style = "";
  for (const [i, text] of texts.entries()) {
    const mark = markOf(lines.get(i + 1));
    if (mark.style !== style)
      marked += `${style === "" ? "" : "</span>"}${mark.style === "" ? "" : `<span class="${mark.style}">`}`;
    style = mark.style;
    marked += `${mark.sign} ${String(i + 1).padStart(width)}  ${safe(text)}\n`;
  }
  return style === "" ? marked : `${marked}</span>`;
}

function markOf(covered: boolean | undefined): typeof NONE {
  if (covered === undefined) return NONE;
  return covered ? REACHED : MISSED;
}
