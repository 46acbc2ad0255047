import { Command } from "commander";
import { attributesText } from "../../attributes.ts";
import { decode } from "../../decoders/index.ts";
import { replaceFile } from "../../files/bytes.ts";
import { guidName } from "../../guid.ts";
import { hexDump, toHex } from "../../hex.ts";
import { printableName } from "../../printable.ts";
import { contextOf } from "../context.ts";
import type { Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { addStore, addVariable, findVariable, openStore, type StoreOptions } from "../store.ts";

interface Options extends StoreOptions {
  raw?: boolean;
  hex?: boolean;
  decode?: boolean;
  output?: string;
}

/** `xenefi get STORE VAR`: one variable's data. */
export function getCommand(io: Io): Command {
  return addVariable(addStore(new Command("get").description("print a variable's data")))
    .option("--raw", "the bytes as they are")
    .option("--hex", "hexadecimal digits in one line")
    .option("--decode", "what they mean")
    .option("-o, --output <file>", "write the bytes to a file")
    .action((path: string, text: string, _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const store = openStore(path, options);
      const variable = findVariable(store, text);
      const { name, guid, attributes, data } = variable;
      if (options.output !== undefined) replaceFile(options.output, data);
      else if (options.json) {
        const { value } = decode(variable, contextOf(store.variables));
        const facts = { name, guid, attr: attributes, size: data.length, data: toHex(data), value };
        io.out(jsonLine({ schema: "xenefi.get/1", file: path, ...facts }));
      } else if (options.hex) io.out(`${toHex(data)}\n`);
      else if (options.raw) io.outBytes(data);
      else {
        io.out(`${printableName(name)}  ${guidName(guid)}  ${attributesText(attributes)}  ${data.length} bytes\n`);
        const lines = decode(variable, contextOf(store.variables)).lines;
        io.out(options.decode ? lines.map((line) => `  ${line}\n`).join("") : hexDump(data));
      }
    });
}
