import type { StoreFile } from "../files/store-file.ts";
import { attachStore } from "../files/store-machine.ts";
import type { Machine } from "../machine.ts";
import { named } from "./store.ts";

/** A machine at run time over the store's variables; errors name the file. */
export function attached(store: StoreFile): Machine {
  return named(store.path, () => attachStore(store));
}
