/** Core address of the i32 that says which change of a switched core is on; 0: none. */
export const SWITCH: number;
