/**
 * Where a machine's flash lies outside the process, such as a file: `Machine` tells it each change in flash's own order.
 * Whatever it throws ends the call in hand and fails the machine (FlashError).
 */
export interface FlashDevice {
  /**
   * Changed bytes, at this offset of the store's file. They are a view of the core's memory, valid during the call only.
   */
  write(offset: number, bytes: Uint8Array): void;
  /** Comes back once all that was written is safe from a loss of power. */
  sync(): void;
}

/**
 * The flash device of a machine failed: `cause` is what it threw. The call in which that happened has no answer, its
 * write may be done or not; all earlier ones are on the device. Every later call throws the same error: open a new machine.
 */
export class FlashError extends Error {
  constructor(cause: unknown) {
    super(`the flash device failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = "FlashError";
  }
}

/** A core's way to a device. Remembers whether anything is unsafe yet, and that the device has failed. */
export class FlashPort {
  readonly #device: FlashDevice;
  readonly #offset: number;
  /** At first what another process left, which may not be safe yet though it reads so. */
  #isSafe = false;
  #failure: FlashError | undefined;

  /** The volume's first byte is at `offset` in the store's file. */
  constructor(device: FlashDevice, offset: number) {
    this.#device = device;
    this.#offset = offset;
  }

  /** Passes on a change; `offset` counts from the volume's first byte. */
  write(offset: number, bytes: Uint8Array): void {
    this.#isSafe = false;
    this.#try(() => this.#device.write(this.#offset + offset, bytes));
  }

  /** Makes safe what is not. */
  sync(): void {
    this.check();
    if (this.#isSafe) return;
    this.#try(() => this.#device.sync());
    this.#isSafe = true;
  }

  /** Throws if the device has failed. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #try(act: () => void): void {
    this.check();
    try {
      act();
    } catch (error) {
      this.#failure = new FlashError(error);
      throw this.#failure;
    }
  }
}
