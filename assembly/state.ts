import {
  STATE,
  STATE_AT_RUNTIME,
  STATE_CLOCK_SECONDS,
  STATE_FLASH_STEPS,
  STATE_HOLE_COUNT,
  STATE_INDEX_SLOTS,
  STATE_REASON,
  STATE_SHUTDOWN,
  STATE_SNAPSHOT_MAX_STORE,
  STATE_SNAPSHOT_MAX_VARIABLE,
  STATE_SNAPSHOT_REMAIN_STORE,
  STATE_SNAPSHOT_STATUS,
  STATE_WINDOW_BYTES,
} from "./abi/layout";

/** A variable as a write wants it: core addresses and bytes. Owned by whoever filled it; valid during one call. */
@unmanaged
export class Draft {
  /** UCS-2 name with its terminator. */
  name: usize;
  /** Bytes of the name, terminator included. */
  nameBytes: u32;
  /** Vendor GUID, 16 bytes. */
  guid: usize;
  /** Index hash of GUID and name. */
  hash: u32;
  attributes: u32;
  data: usize;
  dataBytes: u32;
  /** EFI_TIME of an authenticated write, or 0. */
  stamp: usize;
  /** Data that goes before `data` in the record: the old value of an append. */
  head: usize;
  headBytes: u32;
  /** Place in an order other than the log's; 0: none. */
  sequence: u32;
}

/** One store in the flash format: core addresses, bytes. */
@unmanaged
export class Region {
  /** First record. */
  first: usize;
  /** Address behind the last byte of the store. */
  end: usize;
  /** Where the next record goes. */
  tail: usize;
  /** Bytes of all records but hardware error records, dead ones included, each rounded up to 4. */
  commonBytes: u32;
  /** Bytes of hardware error records, likewise. */
  errorBytes: u32;
  /** In-transition records in front of the one that stands for their name, left by power cuts. */
  twinCount: u32;
}

/**
 * Every mutable number of the core, in one block of memory, so that a snapshot is a copy.
 * The first fields have their places in abi/layout.ts, for the host.
 */
@unmanaged
export class State {
  attention: u32;
  reason: u32;
  windowBytes: u32;
  holeCount: u32;
  clockSeconds: i64;
  atRuntime: u32;
  indexSlots: u32;
  /** QueryVariableInfo of NV+BS+RT as it was just before ExitBootServices: an EfiCode and three counts of bytes. */
  snapshotStatus: u32;
  indexUsed: u32;
  snapshotMaxStore: u64;
  snapshotRemainStore: u64;
  snapshotMaxVariable: u64;
  /** Steps that flash can still be written before power is lost, if ATTENTION_POWER_CUT is set. */
  flashSteps: u32;
  /** How Dom0 ended (abi/sched.ts); 0 while it runs. */
  shutdown: u32;

  // The call in hand (call.ts says what each means).
  size: u64;
  /** Core address of the copied or viewed array of capsules. */
  capsules: usize;
  /** Where the next copy from foreign memory goes (guest.ts). */
  heap: usize;
  answer: usize;
  answerBytes: u32;
  attributes: u32;
  misc: u32;
  resolution: u32;
  accuracy: u32;
  maxStoreBytes: u64;
  remainStoreBytes: u64;
  maxVariableBytes: u64;

  // Clock: what the registers show is clockSeconds + clockOffset.
  clockOffset: i64;
  zone: i32;
  daylight: u32;
  alarmEnabled: u32;
  /** Second of the day in the alarm registers. */
  alarmSecond: u32;
  /** Up to which second the alarm has been looked at; pending since then if it passed. */
  alarmSeen: i64;
  alarmPending: u32;
  /** High 32 bits of the monotonic count. */
  monotonicHigh: u32;
  /** The civil date of `civilDay`, kept so that GetTime need not convert the same day again. */
  civilDay: i32;
  civilDate: u32;
  /** Youngest place that a record has in an order other than the log's. */
  sequence: u32;
  /** Bytes of the journal of what changed since the mark (store/mark.ts). */
  markedBytes: u32;
}

/** Draft of the guest's SetVariable, or the name of its GetVariable and GetNextVariableName. */
export const DRAFT = STATE + 0x100;
/** Draft of writes that services make themselves. */
export const OWN_DRAFT = STATE + 0x140;
/** Draft of the flag that a write sets when it finds no room. */
export const FLAG_DRAFT = STATE + 0x300;
/** Draft of the language that goes with another one. */
export const PARTNER_DRAFT = STATE + 0x340;
/** Draft of PK, KEK or SetupMode while another variable is written. */
export const KEY_DRAFT = STATE + 0x380;
/** Draft of certdb. */
export const CERT_DRAFT = STATE + 0x3c0;
/** Where the host puts what it found of a signature (host.ts). */
export const VERDICT: usize = STATE + 0x400;
export const NV_REGION = STATE + 0x180;
export const VOLATILE_REGION = STATE + 0x1a0;
/** Where a record's header is put together before it is written. */
export const HEADER_BUFFER = STATE + 0x1c0;
/** Where services put together a value that they write themselves. */
export const VALUE_BUFFER = STATE + 0x200;
export const VALUE_BUFFER_BYTES: u32 = 0x100;

export const state = changetype<State>(STATE);
export const draft = changetype<Draft>(DRAFT);
export const ownDraft = changetype<Draft>(OWN_DRAFT);
export const flagDraft = changetype<Draft>(FLAG_DRAFT);
export const keyDraft = changetype<Draft>(KEY_DRAFT);
export const certDraft = changetype<Draft>(CERT_DRAFT);
export const partnerDraft = changetype<Draft>(PARTNER_DRAFT);
export const nvRegion = changetype<Region>(NV_REGION);
export const volatileRegion = changetype<Region>(VOLATILE_REGION);

// The compiler refuses a State whose first fields are not where abi/layout.ts says.
if (
  offsetof<State>("reason") !== STATE_REASON - STATE ||
  offsetof<State>("windowBytes") !== STATE_WINDOW_BYTES - STATE ||
  offsetof<State>("holeCount") !== STATE_HOLE_COUNT - STATE ||
  offsetof<State>("clockSeconds") !== STATE_CLOCK_SECONDS - STATE ||
  offsetof<State>("atRuntime") !== STATE_AT_RUNTIME - STATE ||
  offsetof<State>("indexSlots") !== STATE_INDEX_SLOTS - STATE ||
  offsetof<State>("snapshotStatus") !== STATE_SNAPSHOT_STATUS - STATE ||
  offsetof<State>("snapshotMaxStore") !== STATE_SNAPSHOT_MAX_STORE - STATE ||
  offsetof<State>("snapshotRemainStore") !== STATE_SNAPSHOT_REMAIN_STORE - STATE ||
  offsetof<State>("snapshotMaxVariable") !== STATE_SNAPSHOT_MAX_VARIABLE - STATE ||
  offsetof<State>("flashSteps") !== STATE_FLASH_STEPS - STATE ||
  offsetof<State>("shutdown") !== STATE_SHUTDOWN - STATE ||
  offsetof<State>() > 0x100
) {
  ERROR("State and abi/layout.ts differ");
}
