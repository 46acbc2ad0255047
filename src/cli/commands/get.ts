import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { attributesText } from "../../attributes.ts";
import { guidName } from "../../guid.ts";
import { hexDump, toHex } from "../../hex.ts";
import { CommandError, Exit, type Globals, type Io } from "../io.ts";
import { openStore, parseVariableName } from "../store.ts";

interface Options extends Globals {
  raw?: boolean;
  hex?: boolean;
  output?: string;
}

/** `xenefi get STORE VAR`: one variable's data. */
export function getCommand(io: Io): Command {
  return new Command("get")
    .description("print a variable's data")
    .argument("<store>", "variable store file (.fd), - for standard input")
    .argument("<variable>", "Name, Name-GUID, GUID-Name, GUID:Name or short:Name")
    .option("--raw", "the bytes as they are")
    .option("--hex", "hexadecimal digits in one line")
    .option("-o, --output <file>", "write the bytes to a file")
    .action((path: string, text: string, _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const store = openStore(path);
      const wanted = parseVariableName(text, store.live);
      const found = store.live.find((entry) => entry.name === wanted.name && entry.guid === wanted.guid);
      if (found === undefined)
        throw new CommandError(Exit.Negative, `${path}: no variable ${wanted.name}-${wanted.guid}`);
      const { name, guid, attributes, data } = found;
      if (options.output !== undefined) writeFileSync(options.output, data);
      else if (options.json) {
        const variable = { name, guid, attr: attributes, size: data.length, data: toHex(data) };
        io.out(`${JSON.stringify({ schema: "xenefi.get/1", file: path, ...variable })}\n`);
      } else if (options.raw) io.outBytes(data);
      else if (options.hex) io.out(`${toHex(data)}\n`);
      else {
        io.out(`${name}  ${guidName(guid)}  ${attributesText(attributes)}  ${data.length} bytes\n${hexDump(data)}`);
      }
    });
}
