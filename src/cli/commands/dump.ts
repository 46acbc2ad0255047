import { Command } from "commander";
import { attributesText } from "../../attributes.ts";
import { decode } from "../../decoders/index.ts";
import { guidName } from "../../guid.ts";
import { hexDump, toHex } from "../../hex.ts";
import { printableName } from "../../printable.ts";
import { readTime, timeText } from "../../time.ts";
import { contextOf } from "../context.ts";
import { globPattern } from "../glob.ts";
import type { Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { addStore, openStore, type StoreOptions } from "../store.ts";

interface Options extends StoreOptions {
  hex?: boolean;
  name?: string;
}

/** `xenefi dump STORE`: every variable, decoded. */
export function dumpCommand(io: Io): Command {
  return addStore(new Command("dump").description("print every variable, decoded"))
    .option("-x, --hex", "their bytes, too")
    .option("--name <glob>", "only names that match")
    .action((path: string, _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const store = openStore(path, options);
      const context = contextOf(store.variables);
      const glob = options.name === undefined ? undefined : globPattern(options.name);
      const chosen = store.variables.filter(({ name }) => glob === undefined || glob.test(name));
      if (options.json) {
        const variables = chosen.map((variable) => {
          const { name, guid, attributes, data } = variable;
          const { kind, value } = decode(variable, context);
          return { name, guid, attr: attributes, size: data.length, data: toHex(data), kind, value };
        });
        io.out(jsonLine({ schema: "xenefi.dump/1", file: path, format: store.format, variables }));
        return;
      }
      for (const variable of chosen) {
        const { name, guid, attributes, data, stamp } = variable;
        const time = stamp?.some((byte) => byte !== 0) ? `  ${stampText(stamp)}` : "";
        const facts = `${guidName(guid)}  ${attributesText(attributes)}  ${data.length} bytes${time}`;
        io.out(`${io.colors.bold(printableName(name))}  ${facts}\n`);
        for (const line of decode(variable, context).lines) io.out(`  ${line}\n`);
        if (options.hex) io.out(hexDump(data).replaceAll(/^(?=.)/gm, "  "));
      }
    });
}

function stampText(stamp: Uint8Array): string {
  return timeText(readTime(new DataView(stamp.buffer, stamp.byteOffset), 0));
}
