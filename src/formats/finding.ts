/** One thing that a check of a store file found. */
export interface Finding {
  /** Where, as in a FormatError: "offset 0x64" or "line 3". */
  place: string;
  /** "error": a reader refuses it, or what it holds is lost or uncertain. "warning": odd, and nothing is lost. */
  severity: "error" | "warning";
  text: string;
}

/** Takes what a check finds; offsets from the file's start. */
export type FindingSink = (offset: number, severity: Finding["severity"], text: string) => void;
