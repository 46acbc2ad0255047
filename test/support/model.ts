/**
 * A naive model of OVMF's variable services at run time: an array and the rules, told from the outside. It knows nothing of
 * flash but how many bytes a record takes.
 */
export interface ModelVariable {
  name: string;
  guid: string;
  attributes: number;
  data: number[];
  /** A replacement was begun and found no room: at a reclaim it goes behind the others. */
  inTransition: boolean;
}

export interface ModelLimits {
  /** Bytes that records may take. */
  store: number;
  /** Name and data of one variable, bytes, plus 60. */
  largest: number;
}

const GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const ERROR_FLAG = { name: "VarErrorFlag", guid: "04b37fe8-f6ae-480b-bdd5-37d98c5e89aa" };
const COUNT = { name: "MTC", guid: "eb704011-1402-11d3-8e77-00a0c969723b" };
const HEADER_BYTES = 60;
const BS = 2;
const RT = 4;
const APPEND = 0x40;

export class VariableModel {
  /** In enumeration order. */
  variables: ModelVariable[] = [];
  /** Bytes of all records, dead ones included. */
  used = 0;
  /** Room that QueryVariableInfo told just before the operating system ran. */
  bootRoom = 0;
  count = 0;
  readonly limits: ModelLimits;

  constructor(limits: ModelLimits) {
    this.limits = limits;
    this.boot();
  }

  find(name: string, guid: string): ModelVariable | undefined {
    return this.variables.find((variable) => variable.name === name && variable.guid === guid);
  }

  /** Variables that the operating system sees. */
  visible(): ModelVariable[] {
    return this.variables.filter(({ attributes }) => (attributes & RT) !== 0);
  }

  get room(): number {
    return this.limits.store - this.used;
  }

  /** Starts anew: the count goes on, the error flag is reset, a store with too little room is cleaned up. */
  boot(): void {
    const flag = this.find(ERROR_FLAG.name, ERROR_FLAG.guid);
    if (flag?.data.join() !== "255") {
      if (this.size(ERROR_FLAG.name, 1) > this.room) this.reclaim(flag);
      this.replace(flag, { ...ERROR_FLAG, attributes: 7, data: [0xff], inTransition: false });
    }
    const stored = this.find(COUNT.name, COUNT.guid)?.data ?? [];
    this.count = stored.length === 4 ? new DataView(Uint8Array.from(stored).buffer).getUint32(0, true) : 0;
    if (this.room < this.limits.largest) this.reclaim(undefined);
    const live = this.variables.reduce((sum, { name, data }) => sum + round(this.size(name, data.length)), 0);
    this.bootRoom = this.limits.store - live;
  }

  /** SetVariable: the status' name. */
  set(name: string, guid: string, attributes: number, data: number[]): string {
    if (name === "") return "INVALID_PARAMETER";
    if (attributes & ~0x7f) return "INVALID_PARAMETER";
    if ((attributes & (BS | RT)) === RT) return attributes & 0x10 ? "UNSUPPORTED" : "INVALID_PARAMETER";
    if ((attributes & 0x6f) === 1) return "INVALID_PARAMETER";
    if (attributes & 0x10) return "UNSUPPORTED";
    if (attributes & 0x20) return "SECURITY_VIOLATION";
    if (attributes & 8) return "INVALID_PARAMETER";
    // What has no NV bit is measured by the volatile store's limit, which the test never reaches.
    const isLarge = 2 * name.length + 2 + data.length > this.limits.largest - HEADER_BYTES;
    if (attributes & 1 && isLarge) return "INVALID_PARAMETER";
    const defined = checkDefined(name, guid, attributes, data);
    if (defined !== "SUCCESS") return defined;
    const old = this.find(name, guid);
    if (old !== undefined && (old.attributes & RT) === 0) return "WRITE_PROTECTED";
    if (old !== undefined && attributes !== 0 && (attributes & ~APPEND) !== old.attributes) return "INVALID_PARAMETER";
    return old === undefined ? this.#create(name, guid, attributes, data) : this.#change(old, attributes, data);
  }

  getNextHighMonotonicCount(): string {
    this.count = (this.count + 1) >>> 0;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, this.count, true);
    return this.set(COUNT.name, COUNT.guid, 7, [...bytes]);
  }

  #create(name: string, guid: string, attributes: number, data: number[]): string {
    if (attributes & APPEND && data.length === 0) return "SUCCESS";
    if (data.length === 0 || (attributes & (BS | RT)) === 0) return "NOT_FOUND";
    if ((attributes & ~APPEND) !== 7) return "INVALID_PARAMETER";
    if (this.size(name, data.length) > this.room) return this.#full();
    this.replace(undefined, { name, guid, attributes: 7, data, inTransition: false });
    return "SUCCESS";
  }

  #change(old: ModelVariable, attributes: number, data: number[]): string {
    const appending = (attributes & APPEND) !== 0;
    if (attributes === 0 || (data.length === 0 && !appending)) {
      this.variables.splice(this.variables.indexOf(old), 1);
      return "SUCCESS";
    }
    const whole = appending ? [...old.data, ...data] : data;
    if (!appending && whole.join() === old.data.join()) return "SUCCESS";
    if (2 * old.name.length + 2 + whole.length > this.limits.largest - HEADER_BYTES) return "INVALID_PARAMETER";
    if (this.size(old.name, whole.length) > this.room) {
      old.inTransition = true;
      return this.#full();
    }
    this.replace(old, { ...old, data: whole, inTransition: false });
    return "SUCCESS";
  }

  /** A refused write shows in another variable, in place. */
  #full(): string {
    const flag = this.find(ERROR_FLAG.name, ERROR_FLAG.guid);
    if (flag !== undefined && flag.data.length > 0) flag.data[0] = (flag.data[0] as number) & 0xef;
    return "OUT_OF_RESOURCES";
  }

  /** Bytes of a record, not rounded. */
  size(name: string, dataBytes: number): number {
    return HEADER_BYTES + 2 * (name.length + 1) + dataBytes;
  }

  /** The new value goes to the end; the old one's bytes stay used. */
  replace(old: ModelVariable | undefined, by: ModelVariable): void {
    if (old !== undefined && this.variables.includes(old)) this.variables.splice(this.variables.indexOf(old), 1);
    this.variables.push(by);
    this.used += round(this.size(by.name, by.data.length));
  }

  reclaim(replaced: ModelVariable | undefined): void {
    const kept = this.variables.filter((variable) => variable !== replaced);
    this.variables = [...kept.filter((v) => !v.inTransition), ...kept.filter((v) => v.inTransition)];
    for (const variable of this.variables) variable.inTransition = false;
    this.used = this.variables.reduce((sum, { name, data }) => sum + round(this.size(name, data.length)), 0);
  }
}

function round(bytes: number): number {
  return (bytes + 3) & ~3;
}

/** The definitions that the test's names meet. */
function checkDefined(name: string, guid: string, attributes: number, data: number[]): string {
  if (guid !== GLOBAL) return "SUCCESS";
  if (name === "SecureBoot") return "WRITE_PROTECTED";
  const isLocked = name === "HwErrRecSupport";
  const deletes = attributes === 0 || (data.length === 0 && (attributes & APPEND) === 0);
  if (!deletes) {
    if (!["BootOrder", "Timeout", "OsIndications", "HwErrRecSupport"].includes(name)) return "INVALID_PARAMETER";
    if ((attributes & ~APPEND) !== 7) return "INVALID_PARAMETER";
    const sizes: Record<string, (bytes: number) => boolean> = {
      BootOrder: (bytes) => bytes >= 2 && bytes % 2 === 0,
      Timeout: (bytes) => bytes === 2,
      OsIndications: (bytes) => bytes === 8,
      HwErrRecSupport: (bytes) => bytes === 2,
    };
    if (data.length !== 0 && sizes[name]?.(data.length) === false) return "INVALID_PARAMETER";
  }
  return isLocked ? "WRITE_PROTECTED" : "SUCCESS";
}
