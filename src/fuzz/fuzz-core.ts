import { readFileSync } from "node:fs";
import { FUZZ_END } from "../../assembly/abi/fuzz.ts";
import { FLASH, WINDOW } from "../../assembly/abi/layout.ts";
import type { Core, CoreExports, Loans } from "../core-exports.ts";
import { makeCoreOf } from "../core-instance.ts";
import { inflate } from "../formats/zlib.ts";

/** Exports of a fuzzing core (assembly/fuzz/index.ts). */
export interface FuzzExports extends CoreExports {
  fillGuest(): void;
  begin(): void;
  play(from: number, end: number): number;
  prepare(step: number): number;
  accept(ret: number): void;
  note(ret: number): number;
  check(ret: number): number;
  compare(): number;
  compareBeside(): number;
  accountedBytes(isVolatile: number, errorRecords: number): number;
  goBack(): number;
  forgetEdges(): void;
  takeEdges(counts: number, count: number): number;
  dropEdges(counts: number, count: number): void;
}

export interface FuzzCore extends Core {
  readonly exports: FuzzExports;
}

/** Where a statement of the core stands, in which function, and the edge whose count is its own. */
export interface Statement {
  file: string;
  line: number;
  column: number;
  within: string;
  edge: number;
}

export interface EdgeMap {
  /** Bytes of all counts. */
  readonly edges: number;
  readonly statements: readonly Statement[];
}

/** Behind the counts of edges: the turns of all loops. */
const TURNS_BYTES = 8;
/** Room for the core's sources, unpacked. */
const SOURCES_BYTES_MAX = 1 << 22;

/** Another core that counts its edges, in the place of the one that does. */
export interface FuzzBuild {
  readonly module: WebAssembly.Module;
  readonly map: EdgeMap;
  /** What is done to a core whose machine has booted, before it plays anything. */
  prepare(core: Core): void;
}

/** Makes a core that counts its edges, or one that is a tenth the size and does not. */
export function makeFuzzCore(counts: boolean, loans: Loans, build?: FuzzBuild): FuzzCore {
  const module = build?.module ?? moduleOf(counts ? "#fuzz.wasm" : "#fuzz-bare.wasm");
  return makeCoreOf(module, FUZZ_END - WINDOW, loans) as FuzzCore;
}

/** What the counts of a counting core stand for. */
export function edgeMap(): EdgeMap {
  map ??= JSON.parse(readFileSync(new URL(import.meta.resolve("#fuzz-edges.json")), "utf8")) as EdgeMap;
  return map;
}

/** Text of the core's files, by the names that statements have. */
export function coreSources(): Readonly<Record<string, string>> {
  const stream = readFileSync(new URL(import.meta.resolve("#fuzz-sources.z")));
  return JSON.parse(new TextDecoder().decode(inflate(stream, SOURCES_BYTES_MAX)));
}

/** Core address of the first count. */
export const edgesAt = ({ edges }: EdgeMap): number => FLASH - TURNS_BYTES - edges;
/** Bytes of the counts with the turns of loops. */
export const countedBytes = ({ edges }: EdgeMap): number => edges + TURNS_BYTES;

function moduleOf(name: string): WebAssembly.Module {
  const bytes = () => new Uint8Array(readFileSync(new URL(import.meta.resolve(name))));
  const module = modules.get(name) ?? new WebAssembly.Module(bytes());
  modules.set(name, module);
  return module;
}

/** Compiled once a process. */
const modules = new Map<string, WebAssembly.Module>();
let map: EdgeMap | undefined;
