/** Faults of the runtime services: assembly/services/, time.ts. */
export const SERVICE_FAULTS = [
  {
    name: "boot-variables-seen",
    file: "assembly/services/variables.ts",
    was: "state.atRuntime === 0 || (attributes & RUNTIME_ACCESS) !== 0",
    becomes: "state.atRuntime !== 0 || (attributes & RUNTIME_ACCESS) !== 0",
    kind: "wrong record hidden",
    what: "variables of boot services alone are read at run time",
  },
  {
    name: "store-never-full",
    file: "assembly/services/quota.ts",
    was: "recordBytes(d) + usedBytes(region, errorRecords) <= spaceFor(region, errorRecords)",
    becomes: "true",
    kind: "missing check",
    what: "a record is written behind the store's end",
  },
  {
    name: "empty-node",
    file: "assembly/services/defined.ts",
    was: "    if (nodeBytes < 4) return false;",
    becomes: "",
    kind: "missing check",
    what: "the walk over a device path stops at a node of no bytes for ever",
  },
  {
    name: "entries-not-rounded",
    file: "assembly/services/quota.ts",
    was: "((bytes + alignment - 1) / alignment) * alignment",
    becomes: "(bytes / alignment) * alignment",
    kind: "wrong accounting",
    what: "where living variables count, their bytes are rounded down",
  },
];
