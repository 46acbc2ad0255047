import type { Finding, FindingSink } from "../formats/finding.ts";
import { FormatError, offsetText } from "../formats/variable-set.ts";

/** Findings, and reports of readers among them as errors. */
export class Findings {
  readonly all: Finding[] = [];
  readonly add: FindingSink = (offset, severity, text) => this.all.push({ place: offsetText(offset), severity, text });
  readonly report = (offset: number, expectation: string) => this.add(offset, "error", `expected ${expectation}`);

  /** What a strict reader answers; undefined, and a finding, if it throws. */
  read<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      const text = `expected ${error.message.slice(error.place.length + 2)}`;
      this.all.push({ place: error.place, severity: "error", text });
      return undefined;
    }
  }

  /** One whose place is a node's path. */
  at(place: string, severity: Finding["severity"], text: string): void {
    this.all.push({ place, severity, text });
  }
}
