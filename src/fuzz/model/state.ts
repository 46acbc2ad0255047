import { EfiCode } from "../../../assembly/abi/status.ts";
import { RT } from "./attributes.ts";
import { VariableKey } from "./key.ts";
import { Numbers } from "./numbers.ts";
import type { ModelStart } from "./start.ts";
import { type Entry, HEADER_BYTES, recordBytes, VariableStore } from "./store.ts";

/** Marks that a refused write leaves in its byte, by what was short: the space that a running system may use. */
const SYSTEM_ERROR = 0xef;
const VAR_ERROR_FLAG = VariableKey.of("VarErrorFlag", "04b37fe8-f6ae-480b-bdd5-37d98c5e89aa");

/** What the services share: the variables, the log's room, the numbers; and how to go back to a mark. */
export class State {
  readonly variables = new VariableStore(VAR_ERROR_FLAG);
  readonly numbers = new Numbers();
  readonly #marked = new Numbers();
  readonly #storeBytes: number;

  constructor(start: ModelStart) {
    this.#storeBytes = start.limits.storeBytes;
    for (const { name, guid, attributes, data } of start.variables) {
      this.variables.add(VariableKey.of(name, guid), attributes, data, (attributes & RT) !== 0);
    }
    Object.assign(this.numbers, start.numbers);
    this.mark();
  }

  mark(): void {
    this.variables.mark();
    this.#marked.take(this.numbers);
  }

  reset(): void {
    this.variables.reset();
    this.numbers.take(this.#marked);
  }

  get room(): number {
    return this.#storeBytes - this.numbers.usedBytes;
  }

  /** Appends a record: a new variable, or other data of one, which is then the last. The unrounded record must fit. */
  write(key: VariableKey, entry: Entry | undefined, attributes: number, data: Uint8Array): EfiCode {
    if (HEADER_BYTES + key.nameBytes + data.length > this.room) {
      this.#noteError();
      return EfiCode.OutOfResources;
    }
    this.numbers.usedBytes += recordBytes(key.nameBytes, data.length);
    if (entry === undefined) this.variables.add(key, attributes, data);
    else this.variables.replace(entry, data.slice());
    return EfiCode.Success;
  }

  /** Clears a bit of VarErrorFlag's byte where it lies, if the variable is there. */
  #noteError(): void {
    const flag = this.variables.find(VAR_ERROR_FLAG);
    const byte = flag?.data[0];
    if (flag === undefined || byte === undefined || (byte & SYSTEM_ERROR) === byte) return;
    const data = flag.data.slice();
    data[0] = byte & SYSTEM_ERROR;
    this.variables.overwrite(flag, data);
  }
}
