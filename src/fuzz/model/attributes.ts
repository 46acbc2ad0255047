/** Attribute bits of a variable by the letters that EFI's documents use (UEFI 2.10, 8.2). */
export const NV = 0x01;
export const BS = 0x02;
export const RT = 0x04;
/** Hardware error record. */
export const HR = 0x08;
/** Counter-based and time-based authentication. */
export const AW = 0x10;
export const AT = 0x20;
export const AP = 0x40;
/** All that the firmware knows but the counter's bit. */
export const MASK = NV | BS | RT | HR | AT | AP;
