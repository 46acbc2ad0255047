import { Command } from "commander";
import type { Io } from "../io.ts";
import { sbCertsCommand } from "./sb-certs.ts";
import { sbEnrollCommand } from "./sb-enroll.ts";
import { sbStatusCommand } from "./sb-status.ts";

/** `xenefi sb status|certs|enroll STORE`: Secure Boot. */
export function sbCommand(io: Io): Command {
  return new Command("sb")
    .description("Secure Boot: its state, its keys, and how to enrol them")
    .addCommand(sbStatusCommand(io))
    .addCommand(sbCertsCommand(io))
    .addCommand(sbEnrollCommand(io));
}
