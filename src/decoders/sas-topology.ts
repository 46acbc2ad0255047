import { type Field, putUnsigned, unsignedAt } from "./node-field.ts";

/** How much the word says (UEFI 2.10, 10.3.4.18): nothing, the low byte, or the drive bay in the high byte, too. */
const KNOWN_MASK = 0x0f;
const WITH_DRIVE_BAY = 2;
const SATA = 0x10;
const EXTERNAL = 0x20;
const EXPANDED = 0x40;
/** The high byte is the drive bay's number less 1. */
const DRIVE_BAY_SHIFT = 8;

const FORM = /^(SAS|SATA),(Internal|External),(Direct|Expanded)(?:,(\d{1,3}))?$/;

/** Device and topology word at `at`: "NoTopology", or "SATA,External,Direct", with ",3" where the drive bay is known. */
export function sasTopology(at: number): Field {
  return {
    read: (body) => {
      const bits = Number(unsignedAt(body, at, 2));
      const known = bits & KNOWN_MASK;
      if (known === 0) return "NoTopology";
      const device = bits & SATA ? "SATA" : "SAS";
      const place = bits & EXTERNAL ? "External" : "Internal";
      const connection = bits & EXPANDED ? "Expanded" : "Direct";
      const bay = known === WITH_DRIVE_BAY ? `,${(bits >> DRIVE_BAY_SHIFT) + 1}` : "";
      return `${device},${place},${connection}${bay}`;
    },
    write: (text, body) => {
      const [, device, place, connection, bay] = FORM.exec(text) ?? [];
      if (device === undefined && text !== "NoTopology") {
        throw new SyntaxError(`${JSON.stringify(text)} is no SAS topology`);
      }
      let bits = device === undefined ? 0 : 1;
      if (bay !== undefined) bits = WITH_DRIVE_BAY | ((Number(bay) - 1) << DRIVE_BAY_SHIFT);
      if (device === "SATA") bits |= SATA;
      if (place === "External") bits |= EXTERNAL;
      if (connection === "Expanded") bits |= EXPANDED;
      putUnsigned(body, at, 2, BigInt(bits));
    },
    greedy: true,
  };
}
