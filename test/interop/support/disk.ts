import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { file, fresh, read, run } from "./tools.ts";

/** Files of a FAT file system's root, by name. */
export type Files = ReadonlyMap<string, Uint8Array>;

const FAT_KIB = 8192;

/** Path of a new image that is one FAT file system with these files. */
export function makeFat(files: Record<string, Uint8Array | string>): string {
  const image = fresh();
  run("mkfs.vfat", "-C", image, String(FAT_KIB));
  for (const [name, bytes] of Object.entries(files)) run("mcopy", "-i", image, file(bytes), `::/${name}`);
  return image;
}

/** What lies in the root of a FAT image; `image` as mtools take it: with `@@` and an offset where it is a partition. */
export function readFat(image: string): Files {
  const folder = fresh();
  mkdirSync(folder);
  run("mcopy", "-n", "-i", image, "::/*", folder);
  return new Map(readdirSync(folder).map((name) => [name, read(join(folder, name))]));
}
