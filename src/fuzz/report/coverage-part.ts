import type { ReachedStatement } from "../fuzz-run.ts";
import { type FileCoverage, fileCoverage } from "../line-coverage.ts";
import { percentText } from "../quantity.ts";
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
  const sum = (field: "statements" | "covered") => files.reduce((total, file) => total + file[field], 0);
  return `<h2>Statements of the core: ${percentText(sum("covered"), sum("statements"))}</h2>
<p class="quiet">${sum("covered")} of ${sum("statements")} were reached. <span class="reached">${REACHED.sign}</span> all statements that begin in the line were; <span class="missed">${MISSED.sign}</span> one or more were not.</p>
<div class="files">
${files.map((file) => fileBlock(file, Object.hasOwn(sources, file.file) ? sources[file.file] : undefined)).join("\n")}
</div>`;
}

function fileBlock(file: FileCoverage, source: string | undefined): string {
  const { covered, statements } = file;
  const summary = `<span class="file">${safe(file.file)}</span><span class="number">${covered} / ${statements}</span><span class="number">${percentText(covered, statements)}</span>${bar(covered, statements)}`;
  const lines = source === undefined ? missedLines(file) : `<pre class="source">${sourceLines(file, source)}</pre>`;
  return `<details><summary>${summary}</summary>${lines}</details>`;
}

/** Where there is no text: the numbers of the lines that were not reached. */
function missedLines({ lines }: FileCoverage): string {
  const missed = [...lines].filter(([, covered]) => !covered).map(([line]) => line);
  if (missed.length === 0) return "<p>All lines were reached.</p>";
  return `<p>Not reached: lines ${missed.sort((a, b) => a - b).join(", ")}</p>`;
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
