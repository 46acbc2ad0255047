import { appendFileSync, existsSync } from "node:fs";
import { Command } from "commander";
import { parseAttributes } from "../../attributes.ts";
import { nodeVerifier } from "../../crypto/node-verifier.ts";
import type { FaultKnobs } from "../../faults/fault.ts";
import { readBytes } from "../../files/bytes.ts";
import { findGuid } from "../../guid.ts";
import { Machine, type MachineOptions } from "../../machine.ts";
import { type Abi, FUNCTION_NAMES } from "../../op.ts";
import { efiCode, errnoName, reasonText, statusName } from "../../status.ts";
import { type EfiTime, parseTime, timeText } from "../../time.ts";
import {
  type Fields,
  formatLine,
  PLAYER_WINDOW_BYTES,
  Player,
  parseTrace,
  recordHeader,
  type TraceCall,
} from "../../trace/index.ts";
import { CommandError, Exit, type Globals, type Io } from "../io.ts";
import { safeJson } from "../json.ts";
import { named } from "../store.ts";
import { table } from "../table.ts";
import { abiOption, profileOption, xenOf } from "../xen.ts";

interface Options extends Globals {
  store?: string;
  abi?: Abi;
  profile: string;
  trace?: string;
  fault?: string;
}

const HELP = `
Fields are those of a trace's "in": misc, name, guid (or a short name), size, data (hexadecimal), attr, time
(2024-02-29T12:30:15), namePtr and dataPtr (null, bad), nameMapped, dataMapped; for firmware_info index, bufsz, addr.

  xenefi call get_variable name=BootOrder guid=global size=16
  xenefi call set_variable name=Test guid=11111111-2222-3333-4444-555555555555 misc=NV+BS+RT data=0102
  xenefi call query_variable_info attr=7
  xenefi call firmware_info index=2 bufsz=100
  xenefi call get_variable name=BootOrder guid=global size=16 --fault '{"status":"DEVICE_ERROR"}'`;

/** `xenefi call FN FIELD=VALUE…`: one hypercall on a machine that was just booted. */
export function callCommand(io: Io): Command {
  return new Command("call")
    .description("make one hypercall and print what came back")
    .argument("<function>", `${FUNCTION_NAMES.slice(1).join(", ")}, firmware_info, or a number`)
    .argument("[field=value...]", "inputs")
    .option("--store <file>", "boot over this store instead of a blank one")
    .addOption(abiOption())
    .addOption(profileOption())
    .option("--trace <file>", "append the call to a trace, which is begun if it is not there")
    .option("--fault <json>", "disturb the call, as the fault of a trace's line does")
    .addHelpText("after", HELP)
    .action((fn: string, inputs: string[], _: Options, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const call = parseCall(fn, inputs, options.fault);
      const machine = boot(options);
      const header = recordHeader(machine, { source: "xenefi call" });
      const out = new Player(machine).play(call);
      const line = formatLine({ ...call, out });
      if (options.trace !== undefined) {
        const begun = existsSync(options.trace);
        appendFileSync(options.trace, begun ? `${line}\n` : `${formatLine(header)}\n${line}\n`);
      }
      const reason = reasonText(machine.reason);
      if (options.json) {
        io.out(`${safeJson(`{"schema":"xenefi.call/1",${line.slice(1, -1)},"reason":${JSON.stringify(reason)}}`)}\n`);
      } else io.out(describe(out, reason, io));
      const failed = out.ret !== 0 || (out.status !== undefined && efiCode(BigInt(out.status as string)) !== 0);
      if (failed) throw new CommandError(Exit.Refused, "");
    });
}

function boot(options: Options): Machine {
  const machine: MachineOptions = { ...xenOf(options), windowBytes: PLAYER_WINDOW_BYTES, verifier: nodeVerifier };
  if (options.store === undefined) return new Machine(machine);
  const path = options.store;
  return named(path, () => new Machine({ ...machine, store: readBytes(path) }));
}

/** Checks the call as a trace's line would be. */
function parseCall(fn: string, inputs: string[], fault?: string): TraceCall {
  const call: TraceCall = {
    fn: /^\d+$/.test(fn) ? Number(fn) : fn,
    in: Object.fromEntries(inputs.map(parseField)),
    out: {},
  };
  if (call.fn === "firmware_info") call.in.type ??= 4;
  if (call.fn === "set_variable") call.in.size ??= String(call.in.data ?? "").length / 2;
  if (fault !== undefined) call.fault = parseFault(fault);
  const text = `{"format":"xenefi-trace","version":1,"abi":"x86_64"}\n${formatLine(call)}`;
  try {
    return (parseTrace(text).calls[0] as { call: TraceCall }).call;
  } catch (error) {
    throw new CommandError(Exit.Usage, (error as Error).message.replace(/^line 2: (in\.)?/, ""));
  }
}

/** What the fault's members may be is checked with the call. */
function parseFault(text: string): FaultKnobs {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(Exit.Usage, `--fault: JSON (${(error as Error).message})`);
  }
}

function parseField(text: string): [string, Fields[string]] {
  const at = text.indexOf("=");
  if (at < 1) throw new CommandError(Exit.Usage, `${JSON.stringify(text)}: inputs are FIELD=VALUE`);
  const field = text.slice(0, at);
  const value = text.slice(at + 1);
  try {
    if (field === "guid") return [field, findGuid(value) ?? value];
    if (field === "misc" || field === "attr") return [field, parseAttributes(value)];
    if (field === "time") return [field, { ...parseTime(value) }];
  } catch (error) {
    throw new CommandError(Exit.Usage, `${field}: ${(error as Error).message}`);
  }
  const isText = /^(name|nameHex|data|body|namePtr|dataPtr|ptr)$/.test(field);
  return [field, !isText && /^\d+$/.test(value) ? BigInt(value) : value];
}

function describe(out: Fields, reason: string, { colors }: Io): string {
  const rows = [["returns", errnoName(out.ret as number)]];
  if (out.status !== undefined) rows.push(["status", `${statusName(BigInt(out.status as string))} (${out.status})`]);
  if (reason !== "") rows.push(["because", reason]);
  for (const [field, value] of Object.entries(out)) {
    if (field === "ret" || field === "status") continue;
    rows.push([field, field === "time" ? timeText(value as unknown as EfiTime) : String(value)]);
  }
  const failed = reason !== "";
  return table(rows).replace(/^(status|returns) .*$/gm, (line) => (failed ? colors.red(line) : colors.green(line)));
}
