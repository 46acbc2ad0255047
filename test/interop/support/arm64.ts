import type { HandoverPart } from "../../../src/handover/handover.ts";
import { Guest } from "./guest.ts";
import { ARM64_KERNEL } from "./packages.ts";
import { file } from "./tools.ts";

/** Boots the kernel with a tree, and the other parts in memory. What it said until that text. */
export async function bootArm64(tree: Uint8Array, parts: readonly HandoverPart[], until: string): Promise<string> {
  const loaders = parts
    .filter(({ what }) => what !== "device tree")
    .flatMap(({ address, bytes }) => ["-device", `loader,file=${file(bytes)},addr=${address},force-raw=on`]);
  const board = ["-machine", "virt", "-cpu", "cortex-a57", "-m", "512"];
  const kernel = ["-kernel", ARM64_KERNEL, "-dtb", file(tree, ".dtb")];
  const words = ["-append", "earlycon=pl011,0x9000000 efi=debug loglevel=8"];
  const guest = new Guest("qemu-system-aarch64", ...board, ...kernel, ...loaders, ...words);
  try {
    return await guest.expect(until);
  } finally {
    await guest.kill();
  }
}
