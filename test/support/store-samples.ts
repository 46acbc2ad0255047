import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Variable } from "../../src/formats/variable-set.ts";
import { toHex } from "../../src/hex.ts";
import { fixtureBytes, fixturePath } from "./fixtures.ts";

/** A variable as the manifest of fixtures/stores has it. */
export interface ListedVariable {
  name: string;
  guid: string;
  attr: number;
  size: number;
  sha256: string;
  time?: string;
}

export interface StoreSample {
  file: string;
  kind: string;
  variables: ListedVariable[];
}

const MANIFEST: { files: StoreSample[] } = JSON.parse(readFileSync(fixturePath("stores/manifest.json"), "utf8"));

/** The sample files of these kinds, as "dmpstore". */
export function storeSamples(...kinds: string[]): StoreSample[] {
  return MANIFEST.files.filter(({ kind }) => kinds.includes(kind));
}

/** Bytes of a sample, unpacked if gzipped. */
export function sampleBytes(file: string): Uint8Array {
  return fixtureBytes(`stores/${file}`);
}

/** What a reader found, in the manifest's form. */
export function listed(variables: readonly Variable[]): ListedVariable[] {
  return variables.map(({ name, guid, attributes, data, stamp }) => ({
    name,
    guid,
    attr: attributes,
    size: data.length,
    sha256: createHash("sha256").update(data).digest("hex"),
    ...(stamp?.some((byte) => byte !== 0) ? { time: toHex(stamp) } : {}),
  }));
}
