import { GLOBAL_GUID, IMAGE_SECURITY_GUID } from "../guid.ts";

/**
 * The variables that hold keys (UEFI 2.10, 32.3) with their GUIDs, in the order in which they are enrolled: PK ends setup
 * mode, in which nothing needs a signature.
 */
export const KEY_GUIDS = {
  dbt: IMAGE_SECURITY_GUID,
  dbx: IMAGE_SECURITY_GUID,
  db: IMAGE_SECURITY_GUID,
  KEK: GLOBAL_GUID,
  PK: GLOBAL_GUID,
} as const;

export type KeyName = keyof typeof KEY_GUIDS;

export const KEY_NAMES = Object.keys(KEY_GUIDS) as KeyName[];
