/**
 * The value below which that part of the numbers lies, 0 to 1, by nearest rank: always one of the numbers, 0 the smallest and
 * 1 the largest. Throws a RangeError without numbers.
 */
export function percentile(numbers: readonly number[], part: number): number {
  if (numbers.length === 0) throw new RangeError("a percentile of no numbers");
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] as number;
}

/** Standard deviation of the numbers as part of their mean; 0 for fewer than two. */
export function variation(numbers: readonly number[]): number {
  if (numbers.length < 2) return 0;
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const squares = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0);
  return Math.sqrt(squares / (numbers.length - 1)) / mean;
}

/** The numbers' spread for people: smallest, half, nine of ten, all but one of a hundred, largest. */
export interface Spread {
  min: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

export function spreadOf(numbers: readonly number[]): Spread {
  const at = (part: number) => percentile(numbers, part);
  return { min: at(0), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
