import {
  CONTENT_LISTED,
  CONTENT_RAW,
  CONTENT_TORN,
  HEAD_ABI,
  HEAD_BOOTS,
  HEAD_BOOTS_ON,
  HEAD_MACHINE,
  KIND_POWER_CUT,
  KIND_REBOOT,
  LIST_LAID,
  NAME_KEPT,
  SIZE_BYTE,
  SIZE_OF_CONTENT,
  SIZE_OF_STORED,
  STEP_ATTRIBUTES,
  STEP_BYTES,
  STEP_CONTENT,
  STEP_DATA_PLACE,
  STEP_GUID,
  STEP_KIND,
  STEP_MISC,
  STEP_NAME,
  STEP_NAME_PLACE,
  STEP_OP_PLACE,
  STEP_RAW,
  STEP_SEED,
  STEP_SIZE,
  STEP_SIZE_KIND,
} from "../../assembly/abi/fuzz.ts";
import * as abi from "../../assembly/abi/op.ts";
import type { Random } from "../random.ts";
import { CAPSULE_CONTENTS, CAPSULE_GUIDS, GUID_COUNT, KNOWN_VARIABLES } from "./tables.ts";

/** Kinds of steps by how often a new one has them. */
const KIND_WEIGHTS = [
  ...Array(8).fill(abi.FN_GET_VARIABLE),
  ...Array(14).fill(abi.FN_SET_VARIABLE),
  ...Array(4).fill(abi.FN_GET_NEXT_VARIABLE_NAME),
  ...Array(2).fill(abi.FN_QUERY_VARIABLE_INFO),
  ...[abi.FN_GET_TIME, abi.FN_SET_TIME, abi.FN_GET_WAKEUP_TIME, abi.FN_SET_WAKEUP_TIME],
  ...[abi.FN_GET_NEXT_HIGH_MONOTONIC_COUNT, abi.FN_QUERY_CAPSULE_CAPABILITIES, abi.FN_UPDATE_CAPSULE],
] as number[];
/** One in so many steps that are not otherwise special is about a variable that the services know. */
const KNOWN_ONE_IN = 8;
/** A boot takes as long as a thousand calls, one of 3000 variables as ten thousand. */
const BOOTS_ONE_IN = 4096;
/** Attributes that make sense together, then with bits that need more. */
const ATTRIBUTES = [7, 7, 7, 3, 6, 2, 0, 0x47, 0x27, 0x67, 0x0f, 0x87, 0x17, 0x37, 0x46, 4, 1, 5];

/** The third byte of a capsule's flags: 1 across a reset, 2 into the system table, 4 with a reset at once. */
const CAPSULE_FLAGS = [1, 1, 5, 3, 0, 2, 4];

/** Sizes of a header or an image: a header's own, a little more and less, most of the guest's memory, more than it. */
const IMAGE_BYTES = [28, 28, 27, 36, 64, 0, 0x1c000, 0xffffffff];

/** A listed content and the variable that it was made for: numbers of the tables (assembly/abi/fuzz.ts). */
export interface Hint {
  content: number;
  name: number;
  guid: number;
  attributes: number;
}

export interface SequenceLimits {
  /** Most steps with the head. */
  stepsMax: number;
  /** How many machines there are to choose from. */
  machines: number;
  /** Kinds of steps that may be chosen besides calls: 0, 12 to 19 of assembly/abi/fuzz.ts; one step in so many is one. */
  rareKinds: readonly number[];
  rareOneIn: number;
  /** Whether new steps have fields that make no sense more often than not. */
  isWild: boolean;
  /** Contents that mean something to one variable alone; most steps then are writes of them. Default none. */
  hints?: readonly Hint[];
}

/** Changes sequences of steps, in place, in ways that keep them meaningful more often than not. */
export class SequenceMutator {
  readonly #random: Random;
  readonly #limits: SequenceLimits;
  readonly #hints: readonly Hint[];

  constructor(random: Random, limits: SequenceLimits) {
    this.#random = random;
    this.#hints = limits.hints ?? [];
    this.#limits = limits;
  }

  /** A new sequence of `steps` steps; its bytes. */
  make(into: Uint8Array, steps: number): number {
    this.#head(into);
    for (let step = 1; step <= steps; step++) this.#step(into, step * STEP_BYTES);
    return (steps + 1) * STEP_BYTES;
  }

  /**
   * Changes the `bytes` bytes of a sequence, up to a few times; `other` is one to take steps from. Gives how many bytes it
   * has then.
   */
  mutate(into: Uint8Array, bytes: number, other: Uint8Array): number {
    const random = this.#random;
    let steps = (bytes / STEP_BYTES) | 0;
    this.#chooseBoots(into);
    for (let rounds = 1 + random.below(4); rounds > 0; rounds--) {
      const step = 1 + random.below(Math.max(1, steps - 1));
      switch (random.below(16)) {
        case 0:
          steps = this.#insert(into, steps, step);
          break;
        case 1:
          steps = this.#remove(into, steps, step);
          break;
        case 2:
          steps = this.#repeat(into, steps, step);
          break;
        case 3:
          this.#swap(into, steps, step);
          break;
        case 4:
          steps = this.#splice(into, steps, step, other);
          break;
        case 5:
          if (random.oneIn(4)) this.#head(into);
          break;
        case 6:
          this.#step(into, step * STEP_BYTES);
          break;
        case 7:
          into[step * STEP_BYTES + random.below(STEP_BYTES)] = random.u32();
          break;
        default:
          if (step < steps) this.#field(into, step * STEP_BYTES);
      }
    }
    if (into[HEAD_BOOTS] === HEAD_BOOTS_ON) this.#boot(into, steps);
    return steps * STEP_BYTES;
  }

  /** Boots are rare: a sequence that plays them ends in one, as a rule, with something before it that shows there. */
  #boot(into: Uint8Array, steps: number): void {
    const random = this.#random;
    if (steps < 3 || random.oneIn(4)) return;
    into[(steps - 1) * STEP_BYTES + STEP_KIND] = KIND_REBOOT;
    const at = (1 + random.below(steps - 2)) * STEP_BYTES;
    switch (random.below(4)) {
      case 0:
      case 1:
        into[at + STEP_KIND] = KIND_POWER_CUT;
        for (let i = 0; i < 4; i++) into[at + STEP_SEED + i] = random.u32();
        break;
      case 2:
        into.fill(0, at, at + STEP_BYTES);
        into[at + STEP_KIND] = abi.FN_UPDATE_CAPSULE;
        this.#capsules(into, at);
        break;
      default:
    }
  }

  #head(into: Uint8Array): void {
    const random = this.#random;
    into.fill(0, 0, STEP_BYTES);
    into[HEAD_ABI] = random.below(4);
    into[HEAD_MACHINE] = random.below(this.#limits.machines);
    this.#chooseBoots(into);
  }

  /** Boots are played so seldom that they take a part of the time and not all of it. */
  #chooseBoots(into: Uint8Array): void {
    into[HEAD_BOOTS] = this.#random.oneIn(BOOTS_ONE_IN) ? HEAD_BOOTS_ON : 0;
  }

  #step(into: Uint8Array, at: number): void {
    const random = this.#random;
    into.fill(0, at, at + STEP_BYTES);
    const rare = this.#limits.rareKinds;
    const isRare = rare.length !== 0 && random.oneIn(this.#limits.rareOneIn);
    into[at + STEP_KIND] = isRare ? random.pick(rare) : random.pick(KIND_WEIGHTS);
    // Steps of one sequence shall meet each other's variables.
    into[at + STEP_NAME] = random.oneIn(3) ? random.below(240) : random.below(4);
    into[at + STEP_GUID] = random.oneIn(3) ? random.below(GUID_COUNT) : 0;
    into[at + STEP_ATTRIBUTES] = random.pick(ATTRIBUTES);
    into[at + STEP_SIZE] = random.below(64);
    into[at + STEP_SEED] = random.u32();
    into[at + STEP_CONTENT] = 3;
    if (this.#hints.length !== 0 && !isRare && !random.oneIn(3)) this.#hinted(into, at);
    else if (random.oneIn(3)) this.#content(into, at);
    else if (random.oneIn(KNOWN_ONE_IN)) this.#known(into, at);
    this.#argument(into, at);
    if (this.#limits.isWild || random.oneIn(6)) this.#field(into, at);
    if (into[at + STEP_KIND] === abi.FN_GET_VARIABLE && random.oneIn(2)) into[at + STEP_SIZE_KIND] = SIZE_OF_STORED;
    if (into[at + STEP_KIND] === abi.FN_GET_NEXT_VARIABLE_NAME) this.#walk(into, at);
    else if (isRare) this.#word(into, at + STEP_SEED);
  }

  /** What a call takes besides a variable. */
  #argument(into: Uint8Array, at: number): void {
    switch (into[at + STEP_KIND]) {
      case abi.FN_SET_TIME:
        this.#time(into, at + STEP_RAW);
        break;
      case abi.FN_SET_WAKEUP_TIME:
        into[at + STEP_MISC] = this.#random.below(4);
        this.#time(into, at + STEP_RAW);
        break;
      case abi.FN_QUERY_CAPSULE_CAPABILITIES:
      case abi.FN_UPDATE_CAPSULE:
        if (!this.#random.oneIn(4)) this.#capsules(into, at);
        break;
      default:
    }
  }

  /** One capsule or two of listed content, with a list of their blocks. */
  #capsules(into: Uint8Array, at: number): void {
    const random = this.#random;
    into[at + STEP_NAME] = random.oneIn(2) ? LIST_LAID : random.u32();
    into[at + STEP_GUID] = random.pick(CAPSULE_GUIDS);
    into[at + STEP_SIZE_KIND] = SIZE_BYTE;
    into[at + STEP_SIZE] = random.oneIn(4) ? 2 : 1;
    into[at + STEP_CONTENT] = random.oneIn(8) ? CONTENT_TORN : CONTENT_LISTED;
    into.fill(0, at + STEP_SEED, at + STEP_RAW);
    into[at + STEP_SEED] = random.pick(CAPSULE_CONTENTS);
    into[at + STEP_RAW] = random.u32();
    into[at + STEP_RAW + 2] = random.u32();
    into[at + STEP_RAW + 6] = random.pick(CAPSULE_FLAGS);
    if (random.oneIn(8)) this.#image(into, at);
  }

  /** A header that says what it likes of its own size and its image's. */
  #image(into: Uint8Array, at: number): void {
    const random = this.#random;
    into[at + STEP_CONTENT] = CONTENT_RAW;
    into.fill(0, at + STEP_RAW, at + STEP_RAW + 4);
    into[at + STEP_RAW] = random.pick(IMAGE_BYTES);
    const bytes = random.pick(IMAGE_BYTES);
    for (let i = 0; i < 4; i++) into[at + STEP_RAW + 8 + i] = bytes >>> (8 * i);
  }

  /** One of the variables that the services themselves know. */
  #known(into: Uint8Array, at: number): void {
    const { name, guid, attributes } = this.#random.pick(KNOWN_VARIABLES);
    into[at + STEP_NAME] = name;
    into[at + STEP_GUID] = guid;
    into[at + STEP_ATTRIBUTES] = attributes;
  }

  #content(into: Uint8Array, at: number): void {
    const random = this.#random;
    into[at + STEP_CONTENT] = CONTENT_LISTED + random.below(8);
    into[at + STEP_SIZE_KIND] = 3;
    into[at + STEP_SIZE] = random.oneIn(4) ? random.below(4) - 2 : 0;
    this.#word(into, at + STEP_SEED);
  }

  /** A write of content to its own variable, seldom with a byte of it changed. */
  #hinted(into: Uint8Array, at: number): void {
    const random = this.#random;
    const hint = random.pick(this.#hints);
    into[at + STEP_KIND] = abi.FN_SET_VARIABLE;
    into[at + STEP_NAME] = hint.name;
    into[at + STEP_GUID] = hint.guid;
    into[at + STEP_ATTRIBUTES] = hint.attributes;
    into[at + STEP_SIZE_KIND] = SIZE_OF_CONTENT;
    into[at + STEP_SIZE] = 0;
    into[at + STEP_CONTENT] = random.oneIn(8) ? CONTENT_TORN : CONTENT_LISTED;
    into[at + STEP_SEED] = hint.content;
    into.fill(0, at + STEP_SEED + 1, at + STEP_BYTES);
    // Where and by what byte content is changed.
    into[at + STEP_RAW] = random.u32();
    into[at + STEP_RAW + 1] = random.below(4);
    into[at + STEP_RAW + 2] = random.u32();
  }

  #walk(into: Uint8Array, at: number): void {
    const random = this.#random;
    into[at + STEP_SIZE_KIND] = random.oneIn(4) ? 0 : 2;
    into[at + STEP_SIZE] = random.oneIn(4) ? random.below(64) : 8;
    if (random.oneIn(3)) return;
    into[at + STEP_NAME] = NAME_KEPT;
    into[at + STEP_GUID] = NAME_KEPT;
  }

  #field(into: Uint8Array, at: number): void {
    const random = this.#random;
    switch (random.below(14)) {
      case 0:
        into[at + STEP_NAME] = random.u32();
        break;
      case 1:
        into[at + STEP_GUID] = random.below(GUID_COUNT + 2);
        break;
      case 2:
        into[at + STEP_ATTRIBUTES] = random.pick(ATTRIBUTES);
        break;
      case 3:
        into[at + STEP_ATTRIBUTES] = (into[at + STEP_ATTRIBUTES] as number) ^ (1 << random.below(8));
        break;
      case 4:
        into[at + STEP_SIZE_KIND] = random.below(8);
        break;
      case 5:
        into[at + STEP_SIZE] = random.u32();
        into[at + STEP_SIZE + 1] = random.oneIn(4) ? random.u32() : 0;
        break;
      case 6:
        into[at + STEP_NAME_PLACE] = random.below(16);
        break;
      case 7:
        into[at + STEP_DATA_PLACE] = random.below(16);
        break;
      case 8:
        into[at + STEP_OP_PLACE] = random.below(16);
        break;
      case 9:
        into[at + STEP_MISC] = random.oneIn(4) ? random.u32() : random.below(4);
        break;
      case 10:
        if (this.#hints.length !== 0 && !random.oneIn(4)) this.#hinted(into, at);
        else this.#content(into, at);
        break;
      case 11:
        this.#word(into, at + STEP_SEED);
        break;
      case 12:
        into[at + STEP_RAW + random.below(16)] = random.oneIn(2) ? random.u32() : random.below(32);
        break;
      default:
        this.#time(into, at + STEP_RAW);
    }
  }

  /** An EFI_TIME, valid more often than not. */
  #time(into: Uint8Array, at: number): void {
    const random = this.#random;
    // An alarm may be at most a day ahead of the clock, which begins on 2024-01-15.
    const isNear = random.oneIn(4);
    const year = isNear ? 2024 : 1995 + random.below(110);
    into[at] = year;
    into[at + 1] = year >> 8;
    into[at + 2] = random.oneIn(8) ? random.u32() : isNear ? 1 : 1 + random.below(12);
    into[at + 3] = random.oneIn(8) ? random.u32() : isNear ? 15 + random.below(2) : 1 + random.below(31);
    into[at + 4] = random.oneIn(8) ? random.u32() : random.below(24);
    into[at + 5] = random.oneIn(8) ? random.u32() : random.below(60);
    into[at + 6] = random.oneIn(8) ? random.u32() : random.below(60);
    into.fill(0, at + 8, at + 16);
    // EFI_UNSPECIFIED_TIMEZONE
    if (random.oneIn(3)) into.set([0xff, 0x07], at + 12);
    if (random.oneIn(3)) into[at + 8 + random.below(8)] = random.u32();
  }

  #word(into: Uint8Array, at: number): void {
    const word = this.#random.oneIn(3) ? this.#random.below(64) : this.#random.u32();
    into[at] = word;
    into[at + 1] = word >>> 8;
    into[at + 2] = word >>> 16;
    into[at + 3] = word >>> 24;
  }

  #insert(into: Uint8Array, steps: number, step: number): number {
    if (steps >= this.#limits.stepsMax) return steps;
    into.copyWithin((step + 1) * STEP_BYTES, step * STEP_BYTES, steps * STEP_BYTES);
    this.#step(into, step * STEP_BYTES);
    return steps + 1;
  }

  #remove(into: Uint8Array, steps: number, step: number): number {
    if (steps <= 2) return steps;
    into.copyWithin(step * STEP_BYTES, (step + 1) * STEP_BYTES, steps * STEP_BYTES);
    return steps - 1;
  }

  /** The step once more, somewhere behind. */
  #repeat(into: Uint8Array, steps: number, step: number): number {
    if (steps >= this.#limits.stepsMax || step >= steps) return steps;
    into.copyWithin(steps * STEP_BYTES, step * STEP_BYTES, (step + 1) * STEP_BYTES);
    return steps + 1;
  }

  #swap(into: Uint8Array, steps: number, step: number): void {
    if (steps < 3 || step >= steps) return;
    const other = 1 + this.#random.below(steps - 1);
    for (let i = 0; i < STEP_BYTES; i++) {
      const byte = into[step * STEP_BYTES + i] as number;
      into[step * STEP_BYTES + i] = into[other * STEP_BYTES + i] as number;
      into[other * STEP_BYTES + i] = byte;
    }
  }

  /** Goes on with the steps of another sequence from step `step` on. */
  #splice(into: Uint8Array, steps: number, step: number, other: Uint8Array): number {
    const theirs = (other.length / STEP_BYTES) | 0;
    if (theirs < 2) return steps;
    const from = 1 + this.#random.below(theirs - 1);
    const count = Math.min(theirs - from, this.#limits.stepsMax - step);
    if (count <= 0) return steps;
    for (let i = 0; i < count * STEP_BYTES; i++) into[step * STEP_BYTES + i] = other[from * STEP_BYTES + i] as number;
    return step + count;
  }
}
