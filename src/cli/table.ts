/** Lines of aligned columns, two spaces apart, without trailing blanks; cut to `columns` characters if given. */
export function table(rows: readonly (readonly string[])[], columns?: number): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  const lines = rows.map((row) => {
    const cells = row.map((cell, i) =>
      i === row.length - 1 ? cell : cell + " ".repeat((widths[i] as number) - width(cell)),
    );
    const line = cells.join("  ").trimEnd();
    return columns !== undefined && line.length > columns ? `${line.slice(0, columns - 1)}…` : line;
  });
  return lines.map((line) => `${line}\n`).join("");
}

function width(text: string): number {
  return [...text].length;
}
