import { parse as parseLossless } from "lossless-json";
import { decodeUtf8 } from "./utf8.ts";
import { FormatError, offsetText } from "./variable-set.ts";

export type JsonObject = Record<string, unknown>;

/** A JSON value, and how its text is laid out. */
export interface JsonTree {
  value: unknown;
  /** Of one level, at most 10 characters; "" for text in one line. */
  indentation: string;
  /** White space behind the value. */
  end: string;
}

/** Deeper than any store's JSON; far from what a call stack takes. */
const DEPTH_MAX = 32;

/** A file's JSON value and layout. Throws a FormatError for what is no UTF-8, no JSON, or nested too deep. */
export function readJson(bytes: Uint8Array): JsonTree {
  const text = decodeUtf8(bytes, (offset) => new FormatError(offsetText(offset), "UTF-8"));
  const value = parseText(text);
  checkDepth(value, DEPTH_MAX);
  return {
    value,
    indentation: /\n([ \t]{1,10})/.exec(text)?.[1] ?? "",
    end: text.slice(text.trimEnd().length),
  };
}

export function writeJson({ value, indentation, end }: JsonTree): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, undefined, indentation) + end);
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw syntaxError(text);
  }
}

/** Where a text stops being JSON: engines do not always say it, lossless-json does, unless it is nested too deep for it. */
function syntaxError(text: string): FormatError {
  try {
    parseLossless(text);
  } catch (error) {
    const { message } = error as Error;
    const position = /position (\d+)/.exec(message)?.[1];
    if (position !== undefined) {
      const offset = new TextEncoder().encode(text.slice(0, Number(position))).length;
      return new FormatError(offsetText(offset), `JSON (${message.slice(0, 100)})`);
    }
  }
  return new FormatError("the text", "JSON");
}

function checkDepth(value: unknown, levels: number): void {
  if (typeof value !== "object" || value === null) return;
  if (levels === 0) throw new FormatError("the text", `JSON nested at most ${DEPTH_MAX} levels deep`);
  for (const member of Object.values(value)) checkDepth(member, levels - 1);
}
