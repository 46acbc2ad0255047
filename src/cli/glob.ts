/** A pattern in which * stands for any characters, ? for any one and [abc] or [0-9] for one of them; all of a text must match. */
export function globPattern(glob: string): RegExp {
  const source = glob.replaceAll(/\[(!?)([^\]]+)\]|[.+^${}()|[\]\\*?]/gs, (found, not?: string, set?: string) => {
    if (set !== undefined) return `[${not ? "^" : ""}${set.replaceAll(/[\\\]^[]/g, "\\$&")}]`;
    if (found === "*") return "[^]*";
    return found === "?" ? "[^]" : `\\${found}`;
  });
  return new RegExp(`^${source}$`);
}
