import { truncateSync } from "node:fs";
import { type Files, makeFat, readFat } from "./disk.ts";
import { Guest } from "./guest.ts";
import type { Package, Tool } from "./packages.ts";
import { file, read } from "./tools.ts";

/** How QEMU runs a build of edk2's firmware. */
interface Build {
  program: Tool;
  machine: string[];
  code: string;
  /** Bytes of its variable flash, if it must be larger than the volume. */
  flashBytes?: number;
}

const Q35 = ["-m", "256"];

const BUILDS = {
  "OVMF 4M": { program: "qemu-system-x86_64", machine: ["-machine", "q35", ...Q35], code: "OVMF/OVMF_CODE_4M.fd" },
  "OVMF 2M": { program: "qemu-system-x86_64", machine: ["-machine", "q35", ...Q35], code: "OVMF/OVMF_CODE.fd" },
  "OVMF 4M with Secure Boot": {
    program: "qemu-system-x86_64",
    machine: ["-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on", ...Q35],
    code: "OVMF/OVMF_CODE_4M.secboot.fd",
  },
  AAVMF: {
    program: "qemu-system-aarch64",
    machine: ["-machine", "virt", "-cpu", "cortex-a57", "-m", "512"],
    code: "AAVMF/AAVMF_CODE.fd",
    flashBytes: 0x4000000,
  },
} as const satisfies Record<string, Build>;

export type BuildName = keyof typeof BUILDS;

/** What these boots need. */
export const OVMF_PACKAGES: Package[] = [
  "dosfstools",
  "mtools",
  "ovmf",
  "qemu-efi-aarch64",
  "qemu-system-arm",
  "qemu-system-x86",
];

export interface Booted {
  /** The store's bytes after power-off. */
  store: Uint8Array;
  /** All variables, as `dmpstore -all -s` wrote them behind the script. */
  dump: Uint8Array;
  /** The disk's files. */
  files: Files;
}

/** Boots a build over a store into the UEFI Shell, which runs the script's lines, dumps all variables and powers off. */
export async function bootOvmf(store: Uint8Array, name: BuildName, ...script: string[]): Promise<Booted> {
  const lines = ["fs0:", ...script.flatMap(checked), "dmpstore -all -s all.dmp", "reset -s", ""];
  const disk = makeFat({ "startup.nsh": lines.join("\r\n") });
  const { guest, flash } = start(store, name, disk);
  await guest.expect("any other key to continue");
  guest.type(" ");
  await guest.expect("reset -s");
  await guest.poweredOff();
  const files = readFat(disk);
  const dump = files.get("all.dmp");
  if (dump === undefined || files.has(FAILURE)) throw guest.failure("a line of the script failed");
  return { store: read(flash).subarray(0, store.length), dump, files };
}

/** File that the script leaves if a line of it failed. */
const FAILURE = "failed";

function checked(line: string): string[] {
  return [line, "if not %lasterror% == 0x0 then", `echo failed > ${FAILURE}`, "endif"];
}

/**
 * Boots the build with Secure Boot over a store and a disk whose default boot file is this program. What the serial port
 * said until that text, and the store then.
 */
export async function runUnderSecureBoot(store: Uint8Array, program: Uint8Array, until: string) {
  const disk = makeFat({ "EFI/BOOT/BOOTX64.EFI": program });
  const { guest, flash } = start(store, "OVMF 4M with Secure Boot", disk);
  const said = await guest.expect(until);
  await guest.kill();
  return { said, store: read(flash) };
}

function start(store: Uint8Array, name: BuildName, disk: string): { guest: Guest; flash: string } {
  const { program, machine, code, flashBytes }: Build = BUILDS[name];
  const flash = file(store);
  if (flashBytes !== undefined) truncateSync(flash, flashBytes);
  const drives = [
    ...["-drive", `if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/${code}`],
    ...["-drive", `if=pflash,format=raw,unit=1,file=${flash}`],
    ...["-drive", `if=none,id=d0,format=raw,file=${disk}`, "-device", "virtio-blk-pci,drive=d0"],
  ];
  return { guest: new Guest(program, ...machine, ...drives), flash };
}
