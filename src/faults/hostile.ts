import { XenErrno } from "../../assembly/abi/status.ts";
import type { Random } from "../random.ts";
import { EfiCode, efiStatus } from "../status.ts";
import { FAULT_BYTES_MAX, type FaultKnobs } from "./fault.ts";
import type { PlatformCall } from "./platform-call.ts";

/** What a hostile machine may do beside lying within a call's own buffers. */
export interface HostileOptions {
  /** Write behind the ends of buffers. Default false. */
  overrun?: boolean;
  /** Lose power; what calls answer from then on has no meaning until a reboot. Default false. */
  power?: boolean;
}

type Maker = (call: PlatformCall, random: Random) => FaultKnobs;

const STATUSES = Object.values(EfiCode).filter((code) => typeof code === "number");
const ERRNOS = Object.values(XenErrno).filter((errno) => typeof errno === "number" && errno !== 0) as number[];
const POSITIVE_RESULTS = [1, 14, 0x7fffffff];
const DAY_SECONDS = 86400;
const LARGE = 0xffffffffffffffffn;

/** One fault of a random kind, of sizes that suit the call. */
export function hostileFault(call: PlatformCall, random: Random, options: HostileOptions): FaultKnobs {
  const makers = [...MAKERS];
  if (options.overrun === true) makers.push(overrun);
  if (options.power === true) makers.push(() => ({ power: random.pick(["before", "torn", "after"] as const) }));
  return random.pick(makers)(call, random);
}

const MAKERS: readonly Maker[] = [
  (_, random) => ({ status: anyStatus(random) }),
  (_, random) => ({ statusAfter: anyStatus(random) }),
  (_, random) => ({ errno: anyErrno(random) }),
  (_, random) => ({ errno: anyErrno(random), writeBack: true }),
  () => ({ writeBack: false }),
  () => ({ poison: true }),
  ({ size = 0n }, random) => ({ out: { size: random.pick([0n, 1n, size + 1n, 2n ** 32n + size, LARGE].map(long)) } }),
  (_, random) => ({ out: { misc: random.u32() } }),
  (_, random) => ({ out: { time: oddTime(random), resolution: random.u32(), accuracy: random.u32() } }),
  (_, random) => ({ out: { max_store_size: LARGE, remain_store_size: random.u32(), max_size: 0 } }),
  ({ size = 0n }) => ({ status: efiStatus(EfiCode.BufferTooSmall), out: { size } }),
  unterminated,
  ({ nameBuffer, dataBuffer }, random) => ({
    copyIn: { after: random.below(nameBuffer.bytes + dataBuffer.bytes + 1) % FAULT_BYTES_MAX },
  }),
  ({ outBuffer }, random) => ({ copyOut: { after: random.below(outBuffer.bytes + 1) % FAULT_BYTES_MAX } }),
  changedGuest,
  (_, random) => ({ clockJumpSeconds: random.below(2 * DAY_SECONDS) - DAY_SECONDS }),
  (_, random) => ({ delaySeconds: random.below(100) }),
  (_, random) => ({ retry: 1 + random.below(3) }),
];

/** Most bytes that are made up. */
const MADE_BYTES_MAX = 4096;

/** An error, or a warning: the same number without its top bit. */
function anyStatus(random: Random): bigint {
  const code = random.pick(STATUSES);
  return random.oneIn(4) ? BigInt(code) : efiStatus(code);
}

function anyErrno(random: Random): number {
  return random.oneIn(4) ? random.pick(POSITIVE_RESULTS) : -random.pick(ERRNOS);
}

function oddTime(random: Random) {
  return random.pick([
    { month: 0 },
    { month: 13 },
    { day: 0 },
    { hour: 24 },
    { sec: 60 },
    { ns: 1_000_000_000 },
    { tz: -1441 },
    { daylight: 0xff },
  ]);
}

/** Data, or a name without terminator, that fill the caller's buffer. */
function unterminated({ outBuffer }: PlatformCall, random: Random): FaultKnobs {
  return { data: someBytes(random, Math.min(outBuffer.bytes, MADE_BYTES_MAX)) };
}

function overrun({ outBuffer }: PlatformCall, random: Random): FaultKnobs {
  return { data: someBytes(random, Math.min(outBuffer.bytes, MADE_BYTES_MAX) + 1 + random.below(64)) };
}

/** A unit of the name, or a byte of the data or of the op's body. */
function changedGuest({ nameBuffer, dataBuffer, op }: PlatformCall, random: Random): FaultKnobs {
  const place = random.pick(["name", "data", "op"] as const);
  const room = { name: nameBuffer.bytes, data: dataBuffer.bytes, op: op.length }[place];
  const offset = random.below(Math.max(1, Math.min(room, MADE_BYTES_MAX))) & ~1;
  return { mutateGuest: [{ in: place, offset, bytes: someBytes(random, 2) }] };
}

/** No byte is zero: no unit of a name is a terminator by accident; now and then all are. */
function someBytes(random: Random, count: number): Uint8Array {
  if (random.oneIn(4)) return new Uint8Array(count);
  return Uint8Array.from({ length: count }, () => 1 + random.below(255));
}

function long(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
