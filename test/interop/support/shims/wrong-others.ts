import type { Mistakes } from "./mistakes.ts";

/** Mistakes with all else that struct efi has, in drivers/xen/efi.c. */
export const OTHER_MISTAKES: Mistakes = {
  xen_efi_get_next_high_mono_count: [
    ["has the status for the count", "*count = efi_data(op).misc;", "*count = efi_data(op).status;", "counts on"],
    [
      "tells a count before it looks whether there is one",
      "if (HYPERVISOR_platform_op(&op) < 0)",
      "int ret = HYPERVISOR_platform_op(&op);\n\t*count = efi_data(op).misc;\n\tif (ret < 0)",
      "leaves the outputs of get_next_high_mono_count alone where it is refused",
    ],
  ],
  xen_efi_update_capsule: [
    ["passes no count", "capsule_count = count;", "capsule_count = 0;", "passes capsules and their list on"],
    ["passes no list", "sg_list = sg_list;", "sg_list = 0;", "passes capsules and their list on"],
    [
      "passes the first capsule for the array",
      "capsules);",
      "(efi_capsule_header_t **)*capsules);",
      "passes capsules and their list on",
    ],
    [
      "only asks what would become of the capsules",
      "INIT_EFI_OP(update_capsule)",
      "INIT_EFI_OP(query_capsule_capabilities)",
      "passes capsules and their list on",
    ],
  ],
  xen_efi_query_capsule_caps: [
    [
      "has the size for the reset",
      "*reset_type = efi_data(op).u.query_capsule_capabilities.reset_type;",
      "*reset_type = efi_data(op).u.query_capsule_capabilities.max_capsule_size;",
      "tells what becomes of capsules",
    ],
    [
      "does not tell the size",
      "*max_size = efi_data(op).u.query_capsule_capabilities.max_capsule_size;",
      "",
      "tells what becomes of capsules",
    ],
  ],
  xen_efi_reset_system: [
    [
      "powers off where it is to reboot",
      "xen_reboot(SHUTDOWN_reboot);",
      "xen_reboot(SHUTDOWN_poweroff);",
      "makes a reboot of a cold reset",
    ],
    [
      "reboots where it is to power off",
      "xen_reboot(SHUTDOWN_poweroff);",
      "xen_reboot(SHUTDOWN_reboot);",
      "makes a poweroff of a shutdown reset",
    ],
    [
      "has no bug where there is no such reset",
      "BUG();",
      ";",
      "has a bug where there is no such reset, and goes on with its stack as it was",
    ],
  ],
  xen_efi_runtime_setup: [
    [
      "has no write that does not block",
      "efi.set_variable_nonblocking	= xen_efi_set_variable;",
      "",
      "writes without blocking as it writes",
    ],
    [
      "has no question for the space that does not block",
      "efi.query_variable_info_nonblocking = xen_efi_query_variable_info;",
      "",
      "asks for the space without blocking as it asks",
    ],
  ],
};

/** Mistakes in the functions of drivers/xen/efi.c that came with Linux 6.2. */
export const DESCRIPTOR_MISTAKES: Mistakes = {
  efi_mem_desc_lookup: [
    [
      "asks for an address within a page",
      "phys_addr &= ~(u64)(EFI_PAGE_SIZE - 1);",
      "",
      "tells the memory from an address's page on",
    ],
    [
      "asks for a range that passes the end",
      "U64_MAX - phys_addr",
      "U64_MAX",
      "tells the memory from an address's page on",
    ],
    ["tells bytes for pages", " >> EFI_PAGE_SHIFT;", ";", "tells the memory from an address's page on"],
    [
      "has the type for the attributes",
      "info->mem.attr;",
      "info->mem.type;",
      "tells the memory from an address's page on",
    ],
    [
      "does not ask the kernel's own map",
      " || efi_enabled(EFI_MEMMAP)",
      "",
      "asks the kernel's own map once there is one",
    ],
    [
      "does not warn",
      "if (rc) {",
      "if (false) {",
      "warns of an address in no descriptor, and takes it for reserved memory",
    ],
  ],
  xen_efi_config_table_is_usable: [
    [
      "takes ACPI's tables for not usable",
      "\tcase EFI_ACPI_RECLAIM_MEMORY:\n",
      "",
      "takes a table in memory of type 9 for usable",
    ],
    [
      "takes any table for usable",
      "return false;\n\t}",
      "return true;\n\t}",
      "takes a table in memory of type 7 for not usable",
    ],
    [
      "does not see that there is no descriptor",
      "if (rc)",
      "if (false)",
      "takes no table for usable where the kernel's own map has it not",
    ],
  ],
};
