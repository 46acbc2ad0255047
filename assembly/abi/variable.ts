/** Attribute bits of a variable without their EFI_VARIABLE_ prefix (UEFI 2.10, 8.2). */
export const NON_VOLATILE = 0x01;
export const BOOTSERVICE_ACCESS = 0x02;
export const RUNTIME_ACCESS = 0x04;
export const HARDWARE_ERROR_RECORD = 0x08;
/** Counter-based authentication, deprecated. */
export const AUTHENTICATED_WRITE_ACCESS = 0x10;
export const TIME_BASED_AUTHENTICATED_WRITE_ACCESS = 0x20;
export const APPEND_WRITE = 0x40;
export const ENHANCED_AUTHENTICATED_ACCESS = 0x80;
