import { ABIS, type Abi } from "./op.ts";
import type { PlatformState } from "./platform.ts";

/** A Xen as a Dom0 finds it: for whom it is built, and how it stands unless a machine is told otherwise. */
export interface Profile {
  name: ProfileName;
  /** Which Xen this is, in a line. */
  title: string;
  /** Whose ops it takes; the first is the default. */
  abis: readonly [Abi, ...Abi[]];
  platform: Readonly<Partial<PlatformState>>;
}

export type ProfileName = "xen" | "xen-arm-mainline";

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  xen: {
    name: "xen",
    title: "a Xen that answers: x86 as it is, Arm as proposed in April 2016",
    abis: ABIS as readonly [Abi, ...Abi[]],
    platform: {},
  },
  // xen/arch/arm/platform_hypercall.c: op, version and privilege are checked, then only settime64 (62) is known.
  "xen-arm-mainline": {
    name: "xen-arm-mainline",
    title: "today's Xen for Arm, which knows neither op: -ENOSYS",
    abis: ["arm64", "arm32"],
    platform: { platformOps: false },
  },
};

/** The profile of that name and the ABI of its caller. Throws a RangeError for an unknown name, or an ABI it has not. */
export function chooseProfile(name: string = "xen", abi?: Abi): { profile: Profile; abi: Abi } {
  const profile = Object.values(PROFILES).find((candidate) => candidate.name === name);
  if (profile === undefined) {
    throw new RangeError(`profile: one of ${Object.keys(PROFILES).join(", ")}, not ${JSON.stringify(name)}`);
  }
  if (abi !== undefined && !profile.abis.includes(abi)) {
    throw new RangeError(`abi: ${name} takes ops of ${profile.abis.join(", ")}, not ${abi}`);
  }
  return { profile, abi: abi ?? profile.abis[0] };
}
