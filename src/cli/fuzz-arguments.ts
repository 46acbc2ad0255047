/**
 * libFuzzer's flags as this command spells them; those of the same name and meaning come without a word here. Flags that
 * ask for a mode take the value 1.
 */
const NAMES: Readonly<Record<string, string>> = {
  runs: "--runs",
  max_total_time: "--time",
  timeout: "--timeout",
  max_len: "--max-len",
  seed: "--seed",
  jobs: "--jobs",
  workers: "--jobs",
  artifact_prefix: "--findings",
  dict: "--dict",
};
const MODES: Readonly<Record<string, string>> = { merge: "--merge", minimize_crash: "--minimise" };

/** The arguments of `xenefi fuzz` with libFuzzer's flags, such as -max_total_time=60, in this command's own spelling. */
export function ownSpelling(args: readonly string[]): string[] {
  if (args.find((argument) => !argument.startsWith("-")) !== "fuzz") return [...args];
  return args.flatMap((argument) => {
    const [, flag, value] = /^-([a-z_]+)=(.*)$/.exec(argument) ?? [];
    if (flag === undefined || value === undefined) return [argument];
    const name = Object.hasOwn(NAMES, flag) ? NAMES[flag] : undefined;
    if (name !== undefined) return [name, value];
    const mode = Object.hasOwn(MODES, flag) ? MODES[flag] : undefined;
    return mode !== undefined && value === "1" ? [mode] : [argument];
  });
}
