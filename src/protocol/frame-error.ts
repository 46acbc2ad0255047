import { FormatError, offsetText } from "../formats/variable-set.ts";

/** A frame is not as docs/protocol.md says. */
export class FrameError extends FormatError {
  /** Bytes from the frame's first. */
  readonly offset: number;

  constructor(offset: number, expectation: string) {
    super(offsetText(offset), expectation);
    this.offset = offset;
  }
}
