import { FAILED, type Mistakes } from "./mistakes.ts";

/** Mistakes at boot, in arch/x86/xen/efi.c. */
export const PROBE_MISTAKES: Mistakes = {
  xen_efi_probe: [
    ["asks in any domain", "!xen_initial_domain() || ", "", "does not ask in another domain than the first"],
    [
      "does not see that there is no EFI",
      FAILED,
      "HYPERVISOR_platform_op(&op) > 0",
      "finds nothing without EFI, and asks no further",
    ],
    [
      "has the versions' places exchanged",
      "XEN_FW_EFI_RT_VERSION",
      "XEN_FW_EFI_VERSION",
      "finds the firmware's tables, versions and vendor",
    ],
    [
      "has the tables' count for their address",
      "info->cfg.addr",
      "info->cfg.nent",
      "finds the firmware's tables, versions and vendor",
    ],
    [
      "tells the vendor's virtual address",
      "__pa_symbol(vendor)",
      "(unsigned long)vendor",
      "finds the firmware's tables, versions and vendor",
    ],
    [
      "tells the virtual address of UNKNOWN",
      '__pa_symbol(L"UNKNOWN")',
      '(unsigned long)L"UNKNOWN"',
      "takes a vendor that Xen has not kept for UNKNOWN",
    ],
    [
      "tells no room for the vendor",
      "bufsz = sizeof(vendor);",
      "bufsz = 0;",
      "finds the firmware's tables, versions and vendor",
    ],
    [
      "passes no buffer for the vendor",
      "set_xen_guest_handle(info->vendor.name, vendor);",
      "",
      "finds the firmware's tables, versions and vendor",
    ],
    ["has no services", "xen_efi_runtime_setup();", "", "has its services once it has found EFI"],
    [
      "does not tell the runtime's version",
      "efi.runtime_version = info->version;",
      ";",
      "finds the firmware's tables, versions and vendor",
    ],
  ],
  xen_efi_get_secureboot: [
    [
      "takes MokSBStateRT the other way",
      "moksbstate == 1",
      "moksbstate == 0",
      "finds Secure Boot enabled with ms keys and MokSBStateRT 00",
    ],
    [
      "takes a MokSBStateRT that there is not for one that says no",
      "goto secure_boot_enabled;",
      "return efi_secureboot_mode_disabled;",
      "finds Secure Boot enabled with ms keys and no MokSBStateRT",
    ],
    [
      "does not say that it cannot tell",
      'pr_err("Could not determine UEFI Secure Boot status.\\n");',
      "",
      "cannot tell the Secure Boot state without runtime services, and says so",
    ],
    [
      "asks for MokSBState",
      'L"MokSBStateRT"',
      'L"MokSBState"',
      "finds Secure Boot disabled with ms keys and MokSBStateRT 01",
    ],
  ],
  xen_efi_init: [
    [
      "tells its table's virtual address",
      "(__u32)__pa(efi_systab_xen);",
      "(unsigned long)efi_systab_xen;",
      "tells where its system table is in guest-physical addresses",
    ],
    [
      "says that a machine without Xen has booted",
      '"Xen"',
      '"EL64"',
      "finds the firmware's tables, versions and vendor",
    ],
    [
      "has no flag that it runs under Xen",
      "set_bit(EFI_PARAVIRT, &efi.flags);",
      "",
      "has the flags of a 64-bit EFI under Xen",
    ],
  ],
};
