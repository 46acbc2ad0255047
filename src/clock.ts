import { STATE_CLOCK_SECONDS } from "../assembly/abi/layout.ts";
import type { Core } from "./core-exports.ts";
import { type EfiTime, secondsOfTime } from "./time.ts";

/** When a machine is switched on unless it is told otherwise: 2024-01-15T12:00:00. */
export const DEFAULT_POWER_ON = Date.UTC(2024, 0, 15, 12) / 1000;

/**
 * The platform's oscillator: seconds since 1970-01-01T00:00:00, no zone. Virtual: it stands still until it is told to go
 * on, so that runs repeat. Host: it follows the host's clock in UTC.
 */
export class Clock {
  readonly followsHost: boolean;
  readonly #view: DataView;

  constructor(core: Core, start: "host" | number | EfiTime) {
    this.#view = core.view;
    this.followsHost = start === "host";
    if (start === "host") this.refresh();
    else this.seconds = typeof start === "number" ? start : secondsOfTime(start);
  }

  get seconds(): number {
    return Number(this.#view.getBigInt64(STATE_CLOCK_SECONDS, true));
  }

  set seconds(value: number) {
    this.#view.setBigInt64(STATE_CLOCK_SECONDS, BigInt(Math.floor(value)), true);
  }

  /** Lets `seconds` pass; negative ones turn it back. */
  advance(seconds: number): void {
    this.seconds += seconds;
  }

  /** Takes the host's time over. */
  refresh(): void {
    this.seconds = Date.now() / 1000;
  }
}
