import { areSameBytes } from "../../bytes.ts";
import { type Context, decode } from "../../decoders/index.ts";
import { checkVolume } from "../../formats/edk2-check.ts";
import { type Geometry, OVMF_4M } from "../../formats/edk2-geometry.ts";
import type { Format, FormatOptions } from "../../formats/format.ts";
import { FORMATS } from "../../formats/index.ts";
import { areSameLists } from "../../formats/sameness.ts";
import { FormatError, keyOf, type Variable } from "../../formats/variable-set.ts";
import { Machine } from "../../machine.ts";
import type { Random } from "../../random.ts";
import { checkVariables } from "../../variable-check.ts";
import type { Behaviours } from "../behaviours.ts";
import { ByteMutator } from "../byte-mutator.ts";
import type { Subject } from "../byte-target.ts";
import type { Failure } from "../failure.ts";
import { SAMPLE_VARIABLES } from "./sample-variables.ts";
import { changeInside, mendStore } from "./store-sums.ts";

/** A volume of one block, and one with work and spare areas: small, for every byte of them is read. */
const ONE_BLOCK: Geometry = { ...OVMF_4M, volumeBytes: 0x1000, blockCount: 1, storeEnd: 0x1000, workBytes: 0 };
const THREE_BLOCKS: Geometry = {
  ...{ ...OVMF_4M, volumeBytes: 0x3000, blockCount: 3, storeEnd: 0x1000 },
  ...{ workOffset: 0x1000, workBytes: 0x1000, spareOffset: 0x2000, spareBytes: 0x1000 },
};
/** What is read is written to a volume with room for all of it. */
const WRITTEN: FormatOptions = {
  geometry: { ...OVMF_4M, volumeBytes: 0x4000, blockCount: 4, storeEnd: 0x4000, workBytes: 0, spareBytes: 0 },
};
const BYTES_MAX = 0x3000;
/** Variables of one seed, so that most of its bytes are headers. */
const VARIABLES_A_SEED = 5;

/**
 * The store readers and the decoders: any bytes are refused with a FormatError or read; what was read can be written and
 * read again the same, edited without a change and with one; what variables say, and what is wrong with them, can always be
 * told. A file is read as the format that it shows, and as one more.
 */
export class StoresSubject implements Subject {
  readonly name = "stores";
  readonly bytesMax = BYTES_MAX;
  readonly seeds: readonly Uint8Array[];
  readonly tokens: readonly Uint8Array[];
  readonly #formats: readonly Format[];

  /** `formats`: the readers, for a test that wraps one. */
  constructor(tokens: readonly Uint8Array[], formats: readonly Format[] = FORMATS) {
    this.tokens = tokens;
    this.#formats = formats;
    this.seeds = storeSeeds();
  }

  millisecondsMax(bytes: number): number {
    return 50 + bytes / 128;
  }

  mend(input: Uint8Array): void {
    mendStore(input);
  }

  /** What is packed is changed within; any other file as everywhere. */
  mutate(into: Uint8Array, bytes: number, random: Random): number {
    const mutator = new ByteMutator(random, this.tokens);
    const change = (content: Uint8Array) => {
      const room = new Uint8Array(content.length + 256);
      room.set(content);
      return room.slice(0, mutator.mutate(room, content.length, content));
    };
    const changed = changeInside(into.subarray(0, bytes), this.bytesMax, change);
    if (changed === undefined) return mutator.mutate(into, bytes, into.slice(0, bytes));
    into.set(changed);
    return changed.length;
  }

  run(input: Uint8Array, behaviours: Behaviours): Failure | undefined {
    const shown = this.#formats.find((format) => format.detects(input));
    behaviours.note(`shows ${shown?.name}`);
    const other = this.#formats[input.length % this.#formats.length] as Format;
    if (shown?.name === "edk2") for (const { text } of checkVolume(input)) behaviours.noteError("check", text);
    const failure = shown === undefined ? undefined : readAs(shown, input, behaviours);
    return failure ?? (other === shown ? undefined : readAs(other, input, behaviours));
  }
}

/** Each format's own files of a machine's variables and of the samples, a few at a time. */
function storeSeeds(): Uint8Array[] {
  const variables = [...new Machine().variables(), ...SAMPLE_VARIABLES].filter(({ data }) => data.length <= 256);
  const groups = Array.from({ length: Math.ceil(variables.length / VARIABLES_A_SEED) }, (_, i) =>
    variables.slice(i * VARIABLES_A_SEED, (i + 1) * VARIABLES_A_SEED),
  );
  const plain = FORMATS.filter(({ name }) => name !== "efivar" && name !== "edk2").flatMap((format) =>
    groups.map((group) => format.serialize(group)),
  );
  const edk2 = FORMATS.find(({ name }) => name === "edk2") as Format;
  const efivar = FORMATS.find(({ name }) => name === "efivar") as Format;
  return [
    ...plain.filter((file) => file.length > 0),
    ...variables.slice(0, VARIABLES_A_SEED).map((variable) => efivar.serialize([variable])),
    ...groups.map((group) => edk2.serialize(group, { geometry: ONE_BLOCK })),
    edk2.serialize(SAMPLE_VARIABLES.slice(0, 5), { geometry: THREE_BLOCKS }),
    edk2.serialize(SAMPLE_VARIABLES.slice(0, 5), { geometry: ONE_BLOCK, plainRecords: true }),
  ];
}

function readAs(format: Format, input: Uint8Array, behaviours: Behaviours): Failure | undefined {
  let variables: Variable[];
  try {
    variables = format.parse(input);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    behaviours.noteError(format.name, error.message);
    return undefined;
  }
  behaviours.noteSize(`${format.name} variables`, variables.length);
  tellAll(variables, behaviours);
  return edited(format, input, variables) ?? rewritten(format, variables, behaviours);
}

/** Every line and value of every variable, and what is wrong with them. */
function tellAll(variables: readonly Variable[], behaviours: Behaviours): void {
  const all = new Map(variables.map((variable) => [keyOf(variable), variable]));
  const context: Context = { find: (name, guid) => all.get(keyOf({ name, guid })) };
  for (const variable of variables) {
    const { kind, lines, value, faults = [] } = decode(variable, context);
    behaviours.note(`${kind} of ${Math.min(9, lines.length)} lines, a ${typeof value}`);
    for (const fault of faults) behaviours.noteError(kind, fault);
  }
  behaviours.noteSize("findings", checkVariables(variables, context).length);
}

/** A file with its own variables is itself; without the first one it has the others. */
function edited(format: Format, input: Uint8Array, variables: readonly Variable[]): Failure | undefined {
  if (!areSameBytes(format.edit(input, variables), input)) {
    return { oracle: "store", text: `${format.name}: an edit without a change changes bytes` };
  }
  const rest = variables.slice(1);
  const bytes = ifInLimits(() => format.edit(input, rest));
  if (bytes === undefined || rest.length === variables.length || format.losses(rest).length > 0) return undefined;
  if (areSameLists(format.parse(bytes), rest)) return undefined;
  return { oracle: "store", text: `${format.name}: a variable taken out by an edit takes others along` };
}

/** Written and read again it is the same; where the format loses something, from then on. */
function rewritten(format: Format, variables: readonly Variable[], behaviours: Behaviours): Failure | undefined {
  const losses = format.losses(variables, WRITTEN);
  for (const { what } of losses) behaviours.noteError(format.name, what);
  const bytes = ifInLimits(() => format.serialize(variables, WRITTEN));
  if (bytes === undefined) return undefined;
  const again = format.parse(bytes);
  if (losses.length === 0 && !areSameLists(again, variables)) {
    return { oracle: "store", text: `${format.name}: what is written is not what is read again` };
  }
  const twice = ifInLimits(() => format.serialize(again, WRITTEN));
  if (twice === undefined || areSameBytes(twice, bytes)) return undefined;
  return { oracle: "store", text: `${format.name}: written a second time it differs` };
}

/** Undefined for more than a format takes, or less: an efivar export has one variable. */
function ifInLimits(write: () => Uint8Array): Uint8Array | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
