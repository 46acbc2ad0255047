import * as abi from "../assembly/abi/variable.ts";

/** Letters of the attribute bits, lowest first, as efivar and the UEFI Shell spell them. */
const LETTERS: readonly (readonly [bit: number, letters: string])[] = [
  [abi.NON_VOLATILE, "NV"],
  [abi.BOOTSERVICE_ACCESS, "BS"],
  [abi.RUNTIME_ACCESS, "RT"],
  [abi.HARDWARE_ERROR_RECORD, "HR"],
  [abi.AUTHENTICATED_WRITE_ACCESS, "AW"],
  [abi.TIME_BASED_AUTHENTICATED_WRITE_ACCESS, "AT"],
  [abi.APPEND_WRITE, "AP"],
  [abi.ENHANCED_AUTHENTICATED_ACCESS, "EA"],
];

const ALL_LETTERED = LETTERS.reduce((all, [bit]) => all | bit, 0);

/** "NV+BS+RT"; bits without letters follow as a hexadecimal number; "0" for none. */
export function attributesText(attributes: number): string {
  const parts = LETTERS.filter((entry) => (attributes & entry[0]) !== 0).map((entry) => entry[1]);
  const rest = (attributes & ~ALL_LETTERED) >>> 0;
  if (rest !== 0) parts.push(`0x${rest.toString(16)}`);
  return parts.join("+") || "0";
}

/** Bits of "NV+BS+RT", "nv,bs,rt", "0x7" or "7". Throws a SyntaxError that names the part it does not know. */
export function parseAttributes(text: string): number {
  if (/^(0x[0-9a-f]{1,8}|\d+)$/i.test(text) && Number(text) <= 0xffffffff) return Number(text);
  let attributes = 0;
  for (const part of text.split(/[+,|]/)) {
    const known = LETTERS.find(([, letters]) => letters === part.trim().toUpperCase());
    if (known === undefined) {
      const all = LETTERS.map(([, letters]) => letters).join(" ");
      throw new SyntaxError(
        `attributes: ${JSON.stringify(part)} is none of ${all}, and ${JSON.stringify(text)} no number`,
      );
    }
    attributes |= known[0];
  }
  return attributes;
}
