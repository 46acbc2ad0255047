import { CommandError, Exit } from "./io.ts";

/**
 * A pattern in which * stands for any characters, ? for any one and [abc] or [0-9] for one of them; all of a text must
 * match. Throws a CommandError for a range that runs backwards.
 */
export function globPattern(glob: string): RegExp {
  const source = glob.replaceAll(/\[(!?)([^\]]+)\]|[.+^${}()|[\]\\*?]/gs, (found, not?: string, set?: string) => {
    if (set !== undefined) return `[${not ? "^" : ""}${set.replaceAll(/[\\\]^[]/g, "\\$&")}]`;
    if (found === "*") return "[^]*";
    return found === "?" ? "[^]" : `\\${found}`;
  });
  try {
    return new RegExp(`^${source}$`);
  } catch {
    throw new CommandError(Exit.Usage, `${JSON.stringify(glob)}: a range in [ ] goes from lower to higher`);
  }
}
