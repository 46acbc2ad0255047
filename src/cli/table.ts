import { cutText, textWidth } from "../text-width.ts";

/** Lines of aligned columns, two spaces apart, without trailing blanks; cut to `columns` terminal cells if given. */
export function table(rows: readonly (readonly string[])[], columns?: number): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, textWidth(cell));
  const lines = rows.map((row) => {
    const cells = row.map((cell, i) =>
      i === row.length - 1 ? cell : cell + " ".repeat((widths[i] as number) - textWidth(cell)),
    );
    const line = cells.join("  ").trimEnd();
    return columns === undefined ? line : cutText(line, columns);
  });
  return lines.map((line) => `${line}\n`).join("");
}
