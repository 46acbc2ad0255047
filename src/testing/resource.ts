import { readFile } from "node:fs/promises";
import { bytesOf as fetched } from "./fetched.ts";

/**
 * Bytes that a path or a file: URL names, read from disk; other URLs are fetched. In bundles for browsers fetched.ts
 * stands for this file (`browser` of package.json).
 */
export async function bytesOf(source: string | URL): Promise<BufferSource> {
  const protocol = source instanceof URL ? source.protocol : /^([a-z]{2,}:)\/\//i.exec(source)?.[1];
  if (protocol === undefined) return new Uint8Array(await readFile(source));
  return protocol.toLowerCase() === "file:" ? new Uint8Array(await readFile(new URL(source))) : fetched(source);
}
