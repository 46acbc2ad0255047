import { expect } from "vitest";
import { toHex } from "./hex.ts";
import type { TraceCall } from "./trace/format.ts";

/** Inputs of a call as its trace record has them; bytes also as arrays. */
export type CalledWith = Record<string, unknown>;

interface ShimMatchers<R = unknown> {
  /**
   * The calls of a log, such as `shim.log`, have one of this function with these inputs among its own: names and values as
   * in traces, `{ name: "BootOrder", size: 2 }`.
   */
  toHaveCalled(fn: TraceCall["fn"], inputs?: CalledWith): R;
}

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: the parameter is vitest's own
  interface Matchers<T = any> extends ShimMatchers<T> {}
}

/** Installs the matchers: `import "xenefi/vitest"`. */
expect.extend({
  toHaveCalled(log: readonly TraceCall[], fn: TraceCall["fn"], inputs: CalledWith = {}) {
    const wanted = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, asRecorded(value)]));
    const calls = log.filter((call) => call.fn === fn);
    const pass = calls.some((call) => this.equals(call.in, expect.objectContaining(wanted)));
    return {
      pass,
      message: () =>
        pass
          ? `${fn} was called with ${this.utils.stringify(wanted, undefined, { min: true })}`
          : missing(log, fn, calls),
      // The calls that come closest, cut to what was asked for, beside it.
      actual: calls.map((call) => picked(call.in, wanted)),
      expected: calls.length === 0 ? wanted : calls.map(() => wanted),
    };
  },
});

function asRecorded(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  return Array.isArray(value) ? toHex(Uint8Array.from(value)) : value;
}

function picked(inputs: Record<string, unknown>, wanted: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(wanted).map((name) => [name, inputs[name]]));
}

function missing(log: readonly TraceCall[], fn: TraceCall["fn"], calls: readonly TraceCall[]): string {
  if (calls.length > 0) return `none of the ${calls.length} calls of ${fn} has these inputs`;
  const others = [...new Set(log.map((call) => call.fn))];
  return `${fn} was never called; ${others.length === 0 ? "nothing was" : `what was: ${others.join(", ")}`}`;
}
