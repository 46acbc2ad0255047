import fc from "fast-check";
import { formatVolume, type Geometry, type NewEntry, writeRecords } from "../../src/formats/edk2-store.ts";

/** Units that names can have, with those that markup, terminals and UTF-8 stumble over. */
const UNITS = fc.oneof(
  fc.constantFrom(
    "<",
    "&",
    '"',
    "'",
    ">",
    "]]>",
    "\u001b",
    "\n",
    "\ud800",
    "\udfff",
    "\u202e",
    "\ufffe",
    "変",
    "\\",
    "A",
  ),
  fc.integer({ min: 1, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
);

/** Any record that a log can have: few names, so that some records are twins. */
const ENTRY: fc.Arbitrary<NewEntry> = fc.record({
  name: fc.oneof(
    fc.constantFrom("A", "B"),
    fc.array(UNITS, { minLength: 1, maxLength: 12 }).map((units) => units.join("")),
  ),
  guid: fc.constantFrom("8be4df61-93ca-11d2-aa0d-00e098032b8c", "11111111-2222-3333-4444-555555555555"),
  attributes: fc.integer({ min: 0, max: 0xffffffff }),
  state: fc.constantFrom(0x7f, 0x3f, 0x3e, 0x3d, 0x3c),
  data: fc.uint8Array({ maxLength: 300 }),
});

/** Random logs, for a store that has room for 40 records of at most 400 bytes. */
export const LOGS = fc.array(ENTRY, { maxLength: 40 });

/** A store file with this log: `before` and `behind` bytes lie around the volume, `torn` behind the last record. */
export function storeOf(
  geometry: Geometry,
  log: readonly NewEntry[],
  { before = 0, behind = 0, torn = [] as readonly number[] } = {},
): Uint8Array {
  const volume = formatVolume(geometry);
  writeRecords(volume, geometry, log);
  const tail = volume.subarray(0, geometry.storeEnd).findLastIndex((byte) => byte !== 0xff) + 1;
  volume.set(torn, (tail + 3) & ~3);
  const file = new Uint8Array(before + volume.length + behind);
  file.set(volume, before);
  return file;
}
