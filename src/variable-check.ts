import { RULE_DEFINED, RULE_WILDCARD } from "../assembly/abi/rules.ts";
import { attributesText } from "./attributes.ts";
import { type Context, decode } from "./decoders/index.ts";
import type { Finding } from "./formats/finding.ts";
import type { Variable } from "./formats/variable-set.ts";
import { GLOBAL_GUID } from "./guid.ts";
import { UEFI_DEFINITIONS } from "./policies/definitions.ts";
import { printableName } from "./printable.ts";

const ORDER_NAME = /^(Boot|Driver|SysPrep)Order$/;

/**
 * What is wrong or odd with values and attributes, whatever store holds them: what a decoder cannot read, numbers of options
 * that are not there, attributes other than the defined ones (UEFI 2.10, 3.3). The place is the variable.
 */
export function checkVariables(variables: readonly Variable[], context: Context): Finding[] {
  return variables.flatMap((variable) => {
    const place = `${printableName(variable.name)}-${variable.guid}`;
    const errors = decode(variable, context).faults ?? [];
    const warnings = [...dangling(variable, context), ...oddAttributes(variable)];
    return [
      ...errors.map((text) => ({ place, severity: "error" as const, text })),
      ...warnings.map((text) => ({ place, severity: "warning" as const, text })),
    ];
  });
}

function dangling({ name, guid, data }: Variable, context: Context): string[] {
  if (guid !== GLOBAL_GUID) return [];
  const prefix = name === "BootNext" ? "Boot" : ORDER_NAME.exec(name)?.[1];
  if (prefix === undefined) return [];
  const numbers = Array.from({ length: data.length >> 1 }, (_, i) => {
    const number = (data[2 * i] as number) | ((data[2 * i + 1] as number) << 8);
    return number.toString(16).toUpperCase().padStart(4, "0");
  });
  return numbers
    .filter((digits) => context.find(`${prefix}${digits}`, guid) === undefined)
    .map((digits) => `names ${prefix}${digits}, which is not there`);
}

function oddAttributes({ name, guid, attributes }: Variable): string[] {
  const rule = UEFI_DEFINITIONS.find((one) => one.guid === guid && one.kind === RULE_DEFINED && covers(one, name));
  if (rule === undefined || rule.attributes === attributes) return [];
  return [`has attributes ${attributesText(attributes)}, not ${attributesText(rule.attributes)}`];
}

function covers(rule: { name: string; flags: number }, name: string): boolean {
  if ((rule.flags & RULE_WILDCARD) === 0) return rule.name === name;
  return new RegExp(`^${rule.name.replaceAll("#", "[\\dA-F]")}$`).test(name);
}
