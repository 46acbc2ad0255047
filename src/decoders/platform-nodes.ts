import { acpiAddresses, acpiName, acpiNames } from "./acpi-names.ts";
import { choice, decimal, guid, hexRest, prefixed, textRest } from "./node-field.ts";
import { ACPI, BIOS_BOOT, HARDWARE, layout, mark } from "./node-layout.ts";

/** UEFI 2.10, 10.3.2. */
export const HARDWARE_NODES = [
  layout("Pci", HARDWARE, 1, 2, [prefixed(1, 1), prefixed(0, 1)]),
  layout("PcCard", HARDWARE, 2, 1, [prefixed(0, 1)]),
  layout("MemoryMapped", HARDWARE, 3, 20, [decimal(0, 4), prefixed(4, 8), prefixed(12, 8)]),
  layout("VenHw", HARDWARE, 4, 16, [guid(0), hexRest(16)]),
  layout("Ctrl", HARDWARE, 5, 4, [prefixed(0, 4)]),
  layout("BMC", HARDWARE, 6, 9, [decimal(0, 1), prefixed(1, 8)]),
];

const PNP = 0x41d0;
/** A device of the PNP vendor: its number in the upper half of _HID. */
const pnp = (number: number) => mark(0, 4, number * 0x10000 + PNP);

/** UEFI 2.10, 10.3.3. An extended node is told by its _HID, too. */
export const ACPI_NODES = [
  layout("PciRoot", ACPI, 1, 8, [prefixed(4, 4)], [pnp(0x0a03)]),
  layout("PcieRoot", ACPI, 1, 8, [prefixed(4, 4)], [pnp(0x0a08)]),
  layout("AcpiContainer", ACPI, 1, 8, [], [pnp(0x0a05)]),
  layout("AcpiContainer", ACPI, 1, 8, [], [pnp(0x0a06)]),
  layout("Floppy", ACPI, 1, 8, [prefixed(4, 4)], [pnp(0x0604)]),
  layout("Keyboard", ACPI, 1, 8, [prefixed(4, 4)], [pnp(0x0301)]),
  layout("Serial", ACPI, 1, 8, [prefixed(4, 4)], [pnp(0x0501)]),
  layout("Acpi", ACPI, 1, 8, [prefixed(0, 4, 8), prefixed(4, 4)]),
  layout("PciRoot", ACPI, 2, 15, [acpiName("uid")], [pnp(0x0a03)]),
  layout("PcieRoot", ACPI, 2, 15, [acpiName("uid")], [pnp(0x0a08)]),
  layout("AcpiContainer", ACPI, 2, 15, [acpiName("uid")], [pnp(0x0a05)]),
  layout("AcpiContainer", ACPI, 2, 15, [acpiName("uid")], [pnp(0x0a06)]),
  layout("AcpiEx", ACPI, 2, 15, [acpiNames]),
  layout("AcpiAdr", ACPI, 3, 4, [acpiAddresses]),
];

const BBS_DEVICES = ["Floppy", "HD", "CDROM", "PCMCIA", "USB", "Network"].map((text, i) => [i + 1, text] as const);

/** UEFI 2.10, 10.3.7. */
export const BIOS_BOOT_NODES = [
  layout("BBS", BIOS_BOOT, 1, 4, [choice(0, 2, BBS_DEVICES, decimal(0, 2)), textRest(4, true), prefixed(2, 2)]),
];
