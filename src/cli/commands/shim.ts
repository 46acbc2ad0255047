import { Command } from "commander";
import type { Io } from "../io.ts";
import { shimInitCommand } from "./shim-init.ts";

/** `xenefi shim init DIR`: kernel shims under test. */
export function shimCommand(io: Io, version: string): Command {
  return new Command("shim").description("kernel shims under test").addCommand(shimInitCommand(io, version));
}
