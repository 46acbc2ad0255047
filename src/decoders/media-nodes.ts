import { decimal, guid, hexRest, prefixed, separated, ucs2Rest, word } from "./node-field.ts";
import { guidMark, layout, MEDIA, mark } from "./node-layout.ts";

/** Partition, start and size in blocks; signature at 20, its type at 37, the partition table's format at 36. */
const HD_BYTES = 38;
const [HD_FORMAT, HD_SIGNATURE_TYPE] = [36, 37];
const MBR = 1;
const GPT = 2;
const extent = [prefixed(4, 8), prefixed(12, 8)];
const RAM_DISKS = [
  ["VirtualDisk", "77ab535a-45fc-624b-5560-f7b281d1f96e"],
  ["VirtualCD", "3d5abd30-4175-87ce-6d64-d2ade523c4bb"],
  ["PersistentVirtualDisk", "5cea02c9-4d07-69d3-269f-4496fbe096f9"],
  ["PersistentVirtualCD", "08018188-42cd-bb48-100f-5387d53ded3d"],
] as const;
const ramDisk = [prefixed(0, 8), prefixed(8, 8), decimal(32, 2)];

/** UEFI 2.10, 10.3.5 (media). */
export const MEDIA_NODES = [
  layout(
    "HD",
    MEDIA,
    1,
    HD_BYTES,
    [decimal(0, 4), word("MBR"), prefixed(20, 4), ...extent],
    [mark(HD_SIGNATURE_TYPE, 1, MBR)],
    [mark(HD_FORMAT, 1, MBR)],
  ),
  layout(
    "HD",
    MEDIA,
    1,
    HD_BYTES,
    [decimal(0, 4), word("GPT"), guid(20), ...extent],
    [mark(HD_SIGNATURE_TYPE, 1, GPT)],
    [mark(HD_FORMAT, 1, GPT)],
  ),
  layout("HD", MEDIA, 1, HD_BYTES, [decimal(0, 4), decimal(HD_SIGNATURE_TYPE, 1), separated(20, 16, ""), ...extent]),
  layout("CDROM", MEDIA, 2, 20, [decimal(0, 4), ...extent]),
  layout("VenMedia", MEDIA, 3, 16, [guid(0), hexRest(16)]),
  layout("File", MEDIA, 4, 0, [ucs2Rest(0, true)]),
  layout("Media", MEDIA, 5, 16, [guid(0)]),
  layout("FvFile", MEDIA, 6, 16, [guid(0)]),
  layout("FvVol", MEDIA, 7, 16, [guid(0)]),
  layout("Offset", MEDIA, 8, 20, extent),
  ...RAM_DISKS.map(([name, id]) => layout(name, MEDIA, 9, 34, ramDisk, [guidMark(id, 16)])),
  layout("Ramdisk", MEDIA, 9, 34, [...ramDisk, guid(16)]),
];
