import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { originalPositionFor, TraceMap } from "@jridgewell/trace-mapping";

/** A frame of V8's in wasm code, with or without a function's name: indentation, name, offset in the file. */
const WASM_FRAME = /^(\s*at )(?:(.*) \()?wasm:\/\/wasm\/[0-9a-f]+:wasm-function\[\d+\]:0x([0-9a-f]+)\)?$/;

const ROOT = new URL("../../", import.meta.url);
const DEBUG_MAP = new URL("build/debug.wasm.map", ROOT);

/**
 * Puts files and lines of assembly/ in the place of the wasm frames of a trap's stack, in the error itself.
 * `map` is the source map of the core that trapped; its paths are relative to `root`. Frames that it does not know stay
 * as they are.
 */
export function symbolicate(error: Error, map = DEBUG_MAP, root = ROOT): Error {
  const positions = new TraceMap({ ...JSON.parse(readFileSync(map, "utf8")), sourceRoot: "" });
  const frames = (error.stack ?? "").split("\n").map((frame) => {
    const [, indentation, name = "wasm", offset] = WASM_FRAME.exec(frame) ?? [];
    if (offset === undefined) return frame;
    const found = originalPositionFor(positions, { line: 1, column: Number.parseInt(offset, 16) });
    if (found.source === null) return frame;
    return `${indentation}${name} (${fileURLToPath(new URL(found.source, root))}:${found.line}:${found.column + 1})`;
  });
  error.stack = frames.join("\n");
  return error;
}

/** Runs `call`; a trap of the debug core is thrown on with files and lines in its stack. */
export function traced<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof WebAssembly.RuntimeError ? symbolicate(error) : error;
  }
}
