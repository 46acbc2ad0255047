const PREFIXES = ["", "k", "M", "G", "T"];
const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86400],
  ["h", 3600],
  ["m", 60],
];

/** A count of at least 0 in at most five characters: three significant digits and a prefix of powers of 1000, cut off. */
export function shortCount(count: number): string {
  let value = count;
  let prefix = 0;
  while (value >= 1000 && prefix < PREFIXES.length - 1) {
    value /= 1000;
    prefix++;
  }
  if (prefix === 0) return String(Math.floor(value));
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${(Math.floor(value * 10 ** digits) / 10 ** digits).toFixed(digits)}${PREFIXES[prefix]}`;
}

/** A time in whole seconds, minutes, hours or days, the largest of which there is one, cut off: "59s", "2h". */
export function shortDuration(seconds: number): string {
  const [unit, size] = UNITS.find(([, least]) => seconds >= least) ?? ["s", 1];
  return `${Math.floor(seconds / size)}${unit}`;
}

/** A time as hours, minutes and seconds: "1:02:03". */
export function clockDuration(seconds: number): string {
  const two = (value: number) => String(Math.floor(value) % 60).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(seconds / 60)}:${two(seconds)}`;
}

/** A part of a whole in percent with one digit, cut off: only all of it is 100.0 %. */
export function percentText(part: number, whole: number): string {
  return whole === 0 ? "–" : `${(Math.floor((1000 * part) / whole) / 10).toFixed(1)} %`;
}

/** A count with its thousands set apart. */
export function fullCount(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, "\u202f");
}
