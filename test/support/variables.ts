import fc from "fast-check";
import type { Loss } from "../../src/formats/format.ts";
import type { Variable } from "../../src/formats/variable-set.ts";
import { GLOBAL_GUID, IMAGE_SECURITY_GUID } from "../../src/guid.ts";

/** A variable with what a test cares about, the rest as of a boot entry. */
export function variable(fields: Partial<Variable> = {}): Variable {
  return { name: "Boot0001", guid: GLOBAL_GUID, attributes: 7, data: Uint8Array.of(1, 2, 3), ...fields };
}

/** Names that firmware, or somebody hostile, gives variables. */
export const ODD_NAMES = [
  "Attempt 1",
  "..",
  "a/b",
  "../../x",
  "cd\\",
  "A-8be4df61-93ca-11d2-aa0d-00e098032b8c",
  "a=b\n",
  "\ufeffBom",
  "Umlaut\u00e4\u20ac",
  "\u{1f600}",
  "\ud800",
  "x\udc00\ud800",
  "\u0001",
  "n".repeat(300),
  "\u20ac".repeat(80),
];

const units = fc
  .array(fc.integer({ min: 1, max: 0xffff }), { minLength: 1, maxLength: 12 })
  .map((codes) => String.fromCharCode(...codes));

const time = fc
  .date({ min: new Date("1960-01-01"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true })
  .map((date) => {
    const stamp = new Uint8Array(16);
    new DataView(stamp.buffer).setUint16(0, date.getUTCFullYear(), true);
    const { getUTCMonth, getUTCDate, getUTCHours, getUTCMinutes, getUTCSeconds } = Date.prototype;
    const fields = [getUTCMonth, getUTCDate, getUTCHours, getUTCMinutes, getUTCSeconds].map((get) => get.call(date));
    stamp.set([(fields[0] as number) + 1, ...fields.slice(1)], 2);
    return stamp;
  });

function bytes(count: number) {
  return fc.uint8Array({ minLength: count, maxLength: count });
}

const anyVariable: fc.Arbitrary<Variable> = fc.record(
  {
    name: fc.oneof(units, fc.constantFrom("Boot0001", "boot0001", ...ODD_NAMES)),
    guid: fc.oneof(fc.constantFrom(GLOBAL_GUID, IMAGE_SECURITY_GUID), fc.uuid()),
    attributes: fc.oneof(fc.constantFrom(3, 6, 7, 0x27, 0x80000007), fc.integer({ min: 0, max: 0xffffffff })),
    data: fc.uint8Array({ maxLength: 40 }),
    stamp: fc.oneof(bytes(16), time, fc.constant(new Uint8Array(16))),
    digest: bytes(32),
    count: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    keyIndex: fc.integer({ min: 0, max: 0xffffffff }),
  },
  { requiredKeys: ["name", "guid", "attributes", "data"] },
);

/** Any variables, some of one name, some with what few formats hold. */
export const anyVariables = fc.array(anyVariable, { maxLength: 8 });

/** What is left of variables when these losses have come true, in the form that readers give: nothing zero is kept. */
export function withoutLost(variables: readonly Variable[], lossesOf: (variables: Variable[]) => Loss[]): Variable[] {
  const seen = new Set<string>();
  return variables.flatMap((given) => {
    const key = `${given.guid}${given.name}`;
    const causes = lossesOf([given]).map(({ what }) => what);
    const isSecond = seen.has(key);
    seen.add(key);
    if (isSecond || causes.some((what) => what.startsWith("the variable: "))) return [];
    return [stripped(given, causes)];
  });
}

function stripped(given: Variable, causes: readonly string[]): Variable {
  const isLost = (what: string) => causes.some((cause) => cause.startsWith(what));
  const isKept = (value: Uint8Array | undefined) => value?.some((byte) => byte !== 0);
  const { name, guid, data, stamp, digest, count, keyIndex } = given;
  return {
    name,
    guid,
    attributes: isLost("attribute bit 31") ? given.attributes % 0x80000000 : given.attributes,
    data,
    ...(stamp !== undefined && isKept(stamp) && !isLost("time stamp") ? { stamp } : {}),
    ...(digest !== undefined && isKept(digest) && !isLost("signer digest") ? { digest } : {}),
    ...(count !== undefined && count !== 0n && !isLost("monotonic count") ? { count } : {}),
    ...(keyIndex !== undefined && keyIndex !== 0 && !isLost("public key index") ? { keyIndex } : {}),
  };
}
