import type { Mistakes } from "./mistakes.ts";

/** Mistakes with the clock and its alarm, in drivers/xen/efi.c. */
export const TIME_MISTAKES: Mistakes = {
  xen_efi_get_time: [
    [
      "asks for the alarm in place of the time",
      "INIT_EFI_OP(get_time)",
      "INIT_EFI_OP(get_wakeup_time)",
      "reads the clock",
    ],
    [
      "copies the time without its end",
      "u.get_time.time, sizeof(*tm));",
      "u.get_time.time, 12);",
      "reads each field of the time",
    ],
    ["writes the time through NULL", "if (tm) {", "{", "reads the clock with no pointer for the time"],
    ["writes the capabilities through NULL", "if (tc) {", "{", "reads the clock with no pointer for its capabilities"],
    [
      "has the accuracy for the resolution",
      "tc->resolution = efi_data(op).u.get_time.resolution",
      "tc->resolution = efi_data(op).u.get_time.accuracy",
      "tells the clock's resolution and accuracy",
    ],
    [
      "has any flag for that of what is set to zero",
      "XEN_EFI_GET_TIME_SET_CLEARS_NS",
      "~XEN_EFI_GET_TIME_SET_CLEARS_NS",
      "tells a clock that sets what is below a second to zero",
    ],
    [
      "writes its outputs before it looks whether there are any",
      "if (HYPERVISOR_platform_op(&op) < 0)\n\t\treturn EFI_UNSUPPORTED;\n\n\tif (tm) {",
      "int ret = HYPERVISOR_platform_op(&op);\n\tif (tm) {\n\t\ttm->year = 0;\n\t\tif (ret < 0)\n\t\t\treturn EFI_UNSUPPORTED;",
      "leaves the outputs of get_time alone where it is refused",
    ],
  ],
  xen_efi_set_time: [
    ["sets the clock with the code of reading it", "INIT_EFI_OP(set_time)", "INIT_EFI_OP(get_time)", "sets the clock"],
    ["sets the clock without its zone", "tm, sizeof(*tm));", "tm, 12);", "sets the clock"],
    [
      "says that the clock is set whatever the firmware says",
      "return efi_data(op).status;",
      "return EFI_SUCCESS;",
      "has what the firmware says of set_time as it is",
    ],
  ],
  xen_efi_get_wakeup_time: [
    [
      "takes an alarm that is set for one that is pending",
      "XEN_EFI_GET_WAKEUP_TIME_PENDING",
      "XEN_EFI_GET_WAKEUP_TIME_ENABLED",
      "reads an alarm that is set alone",
    ],
    ["writes the pending flag through NULL", "if (pending)\n", "", "reads the alarm with no pointer for pending"],
    ["writes the enabled flag through NULL", "if (enabled)\n", "", "reads the alarm with no pointer for enabled"],
    ["loses the alarm's time", "if (tm) {", "if (!tm) {", "reads each field of the alarm's time"],
  ],
  xen_efi_set_wakeup_time: [
    ["arms the alarm where it is to be disarmed", "if (enabled)", "if (!enabled)", "arms the alarm for a time"],
    [
      "has the flag for the time where that for the alarm belongs",
      "XEN_EFI_SET_WAKEUP_TIME_ENABLE;",
      "XEN_EFI_SET_WAKEUP_TIME_ENABLE_ONLY;",
      "arms the alarm for a time",
    ],
    [
      "loses the flag for the alarm where there is no time",
      "misc |= XEN",
      "misc = XEN",
      "arms the alarm and leaves its time",
    ],
    ["reads the time through NULL", "if (tm)", "if (true)", "disarms the alarm and leaves its time"],
    [
      "arms the alarm for no time",
      "memcpy(&efi_data(op).u.set_wakeup_time, tm, sizeof(*tm));",
      ";",
      "arms the alarm for a time",
    ],
  ],
};
