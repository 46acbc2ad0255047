/**
 * The rules block: which variables are defined, with what attributes, sizes and content, and which are locked.
 *
 *   RULES + 0            u32 number of namespaces
 *   RULES + 4 + 24 n     namespace: GUID 16, u32 offset of its first rule from RULES, u32 offset behind its last
 *   rule                 u16 bytes of the rule, u8 kind, u8 content check, u32 attributes, u32 least and u32 greatest
 *                        payload bytes, u16 name bytes, u16 flags, then the name's UCS-2 units without terminator,
 *                        padded to 4
 *
 * Source of the values: MdeModulePkg/Library/VarCheckUefiLib, VariablePolicyLib and MdeModulePkg/Universal/BdsDxe of edk2.
 */
export const RULES_NAMESPACES = 4;
export const NAMESPACE_BYTES = 24;
export const NAMESPACE_FIRST = 16;
export const NAMESPACE_END = 20;

export const RULE_KIND = 2;
export const RULE_CONTENT = 3;
export const RULE_ATTRIBUTES = 4;
export const RULE_MIN = 8;
export const RULE_MAX = 12;
export const RULE_NAME_BYTES = 16;
export const RULE_FLAGS = 18;
export const RULE_NAME = 20;

/** Names of this namespace that no other rule defines are refused; the rule has no name. */
export const RULE_CLOSED_NAMESPACE = 0;
/** A defined variable. */
export const RULE_DEFINED = 1;
/**
 * A policy of edk2's VariablePolicyLib: attributes are those that a write must have, the content check is a lock (below).
 * An empty name stands for the whole namespace. Behind the padded name: u32 attributes that a write can't have; for
 * LOCK_ON_STATE the state variable: u32 value, GUID 16, u32 name bytes, name with terminator.
 */
export const RULE_POLICY = 2;

/** Flag of a defined variable: never writable through SetVariable. */
export const RULE_READ_ONLY = 1;
/** Flag: a # in the name stands for one upper-case hexadecimal digit; in a policy's name always, for either case. */
export const RULE_WILDCARD = 2;

/** Offsets of a policy from behind its name. */
export const POLICY_CANT_HAVE = 0;
export const POLICY_STATE_VALUE = 4;
export const POLICY_STATE_GUID = 8;
export const POLICY_STATE_NAME_BYTES = 24;
export const POLICY_STATE_NAME = 28;

/** When a policy write-protects its variable: never, at once, as soon as it exists, while another has one value. */
export const LOCK_NEVER = 0;
export const LOCK_NOW = 1;
export const LOCK_ON_CREATE = 2;
export const LOCK_ON_STATE = 3;

/** Content checks. */
export const CONTENT_ANY = 0;
/** A NUL byte somewhere. */
export const CONTENT_ASCII_STRING = 1;
/** A whole number of 16-bit units. */
export const CONTENT_ORDER = 2;
export const CONTENT_DEVICE_PATH = 3;
/** EFI_LOAD_OPTION. */
export const CONTENT_LOAD_OPTION = 4;
/** EFI_KEY_OPTION. */
export const CONTENT_KEY_OPTION = 5;
