import { Option } from "commander";
import { ABIS, type Abi } from "../op.ts";
import { chooseProfile, PROFILES, type ProfileName } from "../profiles.ts";
import { CommandError, Exit } from "./io.ts";

/** Options of commands that make calls: whose op, and which Xen answers it. */
export function abiOption(): Option {
  return new Option("--abi <abi>", "whose op (default: the first that the profile takes, x86_64)").choices([...ABIS]);
}

export function profileOption(): Option {
  return new Option("--profile <profile>", "which Xen answers").choices(Object.keys(PROFILES)).default("xen");
}

/** A machine's options as these two say. Throws a CommandError if the profile does not take the ABI's ops. */
export function xenOf(options: { abi?: Abi; profile: string }): { abi: Abi; profile: ProfileName } {
  try {
    const { abi, profile } = chooseProfile(options.profile, options.abi);
    return { abi, profile: profile.name };
  } catch (error) {
    throw new CommandError(Exit.Usage, (error as Error).message);
  }
}
