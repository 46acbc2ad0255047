import { FAILED, type Mistakes } from "./mistakes.ts";

/** Mistakes with variables, in drivers/xen/efi.c. */
export const VARIABLE_MISTAKES: Mistakes = {
  xen_efi_get_variable: [
    [
      "passes no name",
      "set_xen_guest_handle(efi_data(op).u.get_variable.name, name);",
      "",
      "reads a variable's bytes, size and attributes",
    ],
    [
      "passes no buffer",
      "set_xen_guest_handle(efi_data(op).u.get_variable.data, data);",
      "",
      "reads a variable's bytes, size and attributes",
    ],
    [
      "passes no vendor",
      "memcpy(&efi_data(op).u.get_variable.vendor_guid, vendor, sizeof(*vendor));",
      "",
      "reads the variable of its vendor",
    ],
    ["passes no size", "size = *data_size;", "size = 0;", "reads into a buffer of just the size"],
    [
      "does not tell the size",
      "*data_size = efi_data(op).u.get_variable.size;",
      "",
      "tells the size that a short buffer needs, and the attributes",
    ],
    [
      "has the size of another call's place in the op",
      "*data_size = efi_data(op).u.get_variable.size;",
      "*data_size = efi_data(op).u.get_next_variable_name.size;",
      "reads a variable's bytes, size and attributes",
    ],
    ["tells no attributes", "*attr = efi_data(op).misc;", ";", "reads a variable's bytes, size and attributes"],
    [
      "tells attributes of a success alone",
      "if (attr)",
      "if (attr && efi_data(op).status == EFI_SUCCESS)",
      "tells the size that a short buffer needs, and the attributes",
    ],
    ["writes the attributes through NULL", "if (attr)\n", "", "reads with no pointer for the attributes"],
    [
      "passes flags",
      "set_xen_guest_handle(efi_data(op).u.get_variable.name",
      "efi_data(op).misc = 1;\n\tset_xen_guest_handle(efi_data(op).u.get_variable.name",
      "reads with no flags",
    ],
    [
      "does not see that the call failed",
      FAILED,
      "HYPERVISOR_platform_op(&op) > 0",
      "has get_variable unsupported where Xen refuses it",
    ],
    [
      "answers another status where the call failed",
      "return EFI_UNSUPPORTED;",
      "return EFI_NOT_FOUND;",
      "has get_variable unsupported where Xen refuses it",
    ],
    [
      "cuts the status",
      "return efi_data(op).status;",
      "return (u8)efi_data(op).status;",
      "has a status in the width of a long, the error bit on top",
    ],
  ],
  xen_efi_get_next_variable: [
    ["passes no size", ".size = *name_size;", ".size = 0;", "lists all variables by name and vendor, to the end"],
    [
      "passes no buffer",
      "set_xen_guest_handle(efi_data(op).u.get_next_variable_name.name, name);",
      "",
      "lists all variables by name and vendor, to the end",
    ],
    [
      "passes no vendor",
      "memcpy(&efi_data(op).u.get_next_variable_name.vendor_guid, vendor,",
      "memcpy(&efi_data(op).u.get_next_variable_name.vendor_guid, vendor, 0 *",
      "lists all variables by name and vendor, to the end",
    ],
    [
      "does not tell the vendor",
      "memcpy(vendor, &efi_data(op).u.get_next_variable_name.vendor_guid,",
      "memcpy(vendor, &efi_data(op).u.get_next_variable_name.vendor_guid, 0 *",
      "lists all variables by name and vendor, to the end",
    ],
    [
      "does not tell the size",
      "*name_size = efi_data(op).u.get_next_variable_name.size;",
      "",
      "tells the size that a name needs",
    ],
    [
      "does not end",
      "return efi_data(op).status;",
      "return EFI_SUCCESS;",
      "has no name to follow one that is not there",
    ],
  ],
  xen_efi_set_variable: [
    [
      "writes with the code of reading",
      "INIT_EFI_OP(set_variable)",
      "INIT_EFI_OP(get_variable)",
      "writes a variable's bytes and attributes",
    ],
    ["passes no attributes", "efi_data(op).misc = attr;", "", "writes a variable's bytes and attributes"],
    ["passes no size", "size = data_size;", "size = 0;", "writes a variable's bytes and attributes"],
    [
      "passes no data",
      "set_xen_guest_handle(efi_data(op).u.set_variable.data, data);",
      "",
      "writes a variable's bytes and attributes",
    ],
    ["passes no vendor", "vendor, sizeof(*vendor));", "vendor, 0);", "deletes a variable, of its vendor alone"],
    ["does not see that the call failed", FAILED, "HYPERVISOR_platform_op(&op) > 0", "passes NULL on as data to write"],
  ],
  xen_efi_query_variable_info: [
    [
      "passes no attributes",
      "efi_data(op).u.query_variable_info.attr = attr;",
      "",
      "asks for the space of the attributes that it is given",
    ],
    [
      "passes the attributes as flags",
      "efi_data(op).u.query_variable_info.attr = attr;",
      "efi_data(op).misc = attr;",
      "asks for the space of the attributes that it is given",
    ],
    [
      "asks for the space as it was at boot",
      "query_variable_info.attr = attr;",
      "query_variable_info.attr = attr;\n\tefi_data(op).misc = 1;",
      "asks for the space of the attributes that it is given",
    ],
    [
      "has the space that is left for the store's",
      "*storage_space = efi_data(op).u.query_variable_info.max_store_size;",
      "*storage_space = efi_data(op).u.query_variable_info.remain_store_size;",
      "tells all three sizes of the store's space",
    ],
    [
      "does not tell the largest variable",
      "*max_variable_size = efi_data(op).u.query_variable_info.max_size;",
      "",
      "tells all three sizes of the store's space",
    ],
    [
      "tells sizes of 32 bits",
      "*remaining_space = ",
      "*remaining_space = (u32)",
      "tells all three sizes of the store's space",
    ],
    [
      "asks a firmware that is too old",
      "efi.runtime_version < EFI_2_00_SYSTEM_TABLE_REVISION",
      "false",
      "does not ask a firmware before 2.00 for query_variable_info",
    ],
  ],
};
