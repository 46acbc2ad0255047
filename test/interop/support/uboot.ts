import type { Variable } from "../../../src/index.ts";
import { makeDisk, readFat } from "./disk.ts";
import { Guest } from "./guest.ts";
import type { Package } from "./packages.ts";

/** What these boots need. */
export const UBOOT_PACKAGES: Package[] = ["dosfstools", "fdisk", "mtools", "qemu-system-arm", "u-boot-qemu"];

const MACHINE = ["-machine", "virt", "-cpu", "cortex-a57", "-m", "512"];
const FIRMWARE = "/usr/lib/u-boot/qemu_arm64/u-boot.bin";
/** The variable file on the EFI system partition (U-Boot, lib/efi_loader/efi_var_file.c). */
const FILE = "ubootefi.var";
const PROMPT = "=> ";
/** U-Boot's own attribute of variables that nobody may write (include/efi_variable.h). */
const READ_ONLY = 0x80000000;

/**
 * Boots U-Boot with this variable file on its EFI system partition and types commands at its prompt. What each printed,
 * and the file when all is done.
 */
export async function bootUboot(file: Uint8Array, ...commands: string[]) {
  const { image, partition } = makeDisk({ [FILE]: file });
  const drive = ["-drive", `if=none,id=d0,format=raw,file=${image}`, "-device", "virtio-blk-pci,drive=d0"];
  const guest = new Guest("qemu-system-aarch64", ...MACHINE, "-bios", FIRMWARE, ...drive);
  await guest.expect("Hit any key to stop autoboot");
  guest.type(" ");
  await guest.expect(PROMPT);
  const answers: string[] = [];
  for (const command of commands) answers.push(await answer(guest, command));
  guest.type("poweroff\r");
  await guest.poweredOff();
  const after = readFat(partition).get(FILE);
  if (after === undefined) throw guest.failure(`${FILE} is gone`);
  return { answers, file: after };
}

/** What a command prints up to the next prompt, behind its echo. */
async function answer(guest: Guest, command: string): Promise<string> {
  guest.type(`${command}\r`);
  await guest.expect(command);
  const latin1 = await guest.expect(`\n${PROMPT}`);
  return Buffer.from(latin1, "latin1").toString().replaceAll("\r", "");
}

/** A variable as `printenv -e` shows it: name, GUID, the time of an authenticated one, attributes, bytes of data, data. */
const VARIABLE =
  /^(.*):\n {4}([0-9a-f-]{36}) .*\n(?: {4}\d{4}-.*\n)? {4}([A-Z|]*), DataSize = 0x([0-9a-f]+)\n((?: {4}[0-9a-f]{8}: .*\n?)*)/gm;
const LETTERS: Record<string, number> = { NV: 1, BS: 2, RT: 4, AT: 0x20, RO: READ_ONLY };

/** The variables in the answer of `printenv -e`. */
export function listedVariables(printed: string): Variable[] {
  return [...printed.matchAll(VARIABLE)].map(([, name = "", guid = "", letters = "", bytes = "", dump = ""]) => {
    const digits = [...dump.matchAll(/^ {4}[0-9a-f]{8}:((?: [0-9a-f]{2}){1,16})/gm)].map(([, row = ""]) => row);
    const data = new Uint8Array(Buffer.from(digits.join("").replaceAll(" ", ""), "hex"));
    if (data.length !== Number.parseInt(bytes, 16))
      throw new Error(`${name}: a dump of ${data.length} bytes, not 0x${bytes}`);
    const attributes = letters.split("|").reduce((sum, letter) => sum + (LETTERS[letter] ?? Number.NaN), 0);
    return { name, guid, attributes, data };
  });
}
