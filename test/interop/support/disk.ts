import { mkdirSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fresh, read, run, runWith } from "./tools.ts";

/** Files of a FAT file system's root, by name. */
export type Files = ReadonlyMap<string, Uint8Array>;

const FAT_KIB = 8192;

/** Files to be written, by path. */
type NewFiles = Record<string, Uint8Array | string>;

/** Path of a new image that is one FAT file system with these files. */
export function makeFat(files: NewFiles): string {
  const image = fresh();
  run("mkfs.vfat", "-C", image, String(FAT_KIB));
  copyTo(image, files);
  return image;
}

/** Files in the root of a FAT image; `image` as mtools take it: with `@@` and an offset where it is a partition. */
export function readFat(image: string): Files {
  const folder = fresh();
  mkdirSync(folder);
  run("mcopy", "-s", "-n", "-i", image, "::/*", folder);
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(entries.map(({ name }) => [name, read(join(folder, name))]));
}

function copyTo(image: string, files: NewFiles): void {
  const folder = fresh();
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  for (const name of readdirSync(folder)) run("mcopy", "-s", "-i", image, join(folder, name), "::/");
}

const SECTOR_BYTES = 512;
const PARTITION_SECTOR = 2048;

/** A new disk image with a GUID partition table whose first partition is an EFI system partition with these files. */
export function makeDisk(files: NewFiles): { image: string; partition: string } {
  const image = fresh();
  writeFileSync(image, new Uint8Array(0));
  truncateSync(image, 2 * FAT_KIB * 1024);
  runWith(
    { input: `label: gpt\nstart=${PARTITION_SECTOR}, size=${(FAT_KIB * 1024) / SECTOR_BYTES}, type=U\n` },
    "sfdisk",
    image,
  );
  run("mkfs.vfat", "--offset", String(PARTITION_SECTOR), image, String(FAT_KIB));
  const partition = `${image}@@${PARTITION_SECTOR * SECTOR_BYTES}`;
  copyTo(partition, files);
  return { image, partition };
}
