import type { Report } from "../bench/report.ts";
import type { Comparison } from "../bench/verdict.ts";
export function benchHtml(_report: Report, _comparison: Comparison | undefined): string {
  return "";
}
