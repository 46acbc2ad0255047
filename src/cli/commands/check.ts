import { Command } from "commander";
import { readContent } from "../../files/store-file.ts";
import { checkVolume } from "../../formats/edk2-check.ts";
import { edk2Format } from "../../formats/edk2-format.ts";
import type { Finding } from "../../formats/finding.ts";
import { checkVariables } from "../../variable-check.ts";
import { contextOf } from "../context.ts";
import { endBy, printFindings } from "../findings.ts";
import type { Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { addStore, named, parseContent, type StoreOptions } from "../store.ts";

interface Options extends StoreOptions {
  strict?: boolean;
}

/** `xenefi check STORE`: what is wrong or odd, one finding a line. */
export function checkCommand(io: Io): Command {
  return addStore(new Command("check").description("look for what is wrong or odd in a store, one finding a line"))
    .option("--strict", "warnings are an error, too (exit 1)")
    .action((path: string, _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const findings = findingsOf(path, options);
      if (options.json) io.out(jsonLine({ schema: "xenefi.check/1", file: path, findings }));
      else printFindings(path, findings, options, io);
      endBy(findings, options);
    });
}

/** A volume's own check goes on where a reader stops; the variables are looked at only where all of them can be read. */
function findingsOf(path: string, options: StoreOptions): Finding[] {
  const source = { path, ...named(path, () => readContent(path)) };
  const { content } = source;
  const isVolume = content instanceof Uint8Array && (options.from ?? "edk2") === "edk2" && edk2Format.detects(content);
  const findings = isVolume ? checkVolume(content) : [];
  if (findings.some(({ severity }) => severity === "error")) return findings;
  const { variables } = parseContent(source, options);
  return [...findings, ...checkVariables(variables, contextOf(variables))];
}
