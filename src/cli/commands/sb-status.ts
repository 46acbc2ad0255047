import { Command } from "commander";
import { KEY_NAMES } from "../../secure-boot/keys.ts";
import { type KeyCounts, type SecureBootStatus, secureBootLine, secureBootStatus } from "../../secure-boot/status.ts";
import { attached } from "../attached.ts";
import type { Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { addStore, openStore, type StoreOptions } from "../store.ts";
import { table } from "../table.ts";

/** `xenefi sb status STORE`: what the store's next boot makes of its keys. */
export function sbStatusCommand(io: Io): Command {
  return addStore(
    new Command("status").description("whether Secure Boot is on, its mode, and what its variables hold"),
  ).action((path: string, _: StoreOptions, command: Command) => {
    const options = command.optsWithGlobals<StoreOptions>();
    const status = secureBootStatus(attached(openStore(path, options)).variables());
    if (options.json) {
      io.out(jsonLine({ schema: "xenefi.sb-status/1", file: path, ...status }));
    } else {
      io.out(describe(status));
    }
  });
}

function describe(status: SecureBootStatus): string {
  const modes = Object.entries(status.variables).map(([name, value]) => [name, String(value)]);
  const keys = KEY_NAMES.toReversed().map((name) => [name, countsText(status.keys[name])]);
  return `${secureBootLine(status)}\n${table([...modes, ...keys])}`;
}

function countsText(counts: KeyCounts | undefined): string {
  if (counts === undefined) return "absent";
  const { certificates, digests, others, fault } = counts;
  const parts = [plural(certificates, "certificate"), plural(digests, "digest"), plural(others, "other signature")];
  const filled = parts.filter((part) => !part.startsWith("0 "));
  if (fault !== undefined) filled.push(`malformed: ${fault}`);
  return filled.join(", ") || "empty";
}

function plural(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}
