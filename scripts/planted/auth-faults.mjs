/** Faults of authenticated writes, which signed payloads show. */
export const AUTH_FAULTS = [
  {
    name: "stamp-lost",
    file: "assembly/store/store.ts",
    was: "d.stamp !== 0",
    becomes: "false",
    kind: "lost time stamp",
    what: "a record keeps no time stamp, and a signed write can come again",
  },
  {
    name: "equal-stamp-is-later",
    file: "assembly/services/auth.ts",
    was: "isLater(d.data, stored)",
    becomes: "!isLater(stored, d.data)",
    kind: "off-by-one in a bound",
    what: "a time stamp need not be later than the stored one",
  },
  {
    name: "any-stamp",
    file: "assembly/services/auth.ts",
    was: "fresh ? EfiCode.Success : refuse(EfiCode.SecurityViolation, Reason.StampNotLater)",
    becomes: "EfiCode.Success",
    kind: "missing check",
    what: "time stamps are not compared",
  },
];
