import pc from "picocolors";
import { run } from "../../src/cli/run.ts";

/** Runs the command line in this process. */
export async function xenefi(...args: string[]) {
  let out = "";
  let err = "";
  const bytes: Uint8Array[] = [];
  const exit = await run(
    args,
    {
      out: (text) => {
        out += text;
      },
      outBytes: (part) => bytes.push(part),
      err: (text) => {
        err += text;
      },
      showsProgress: false,
      colors: pc.createColors(false),
      columns: undefined,
    },
    "1.2.3",
  );
  return { exit, out, err, bytes };
}
