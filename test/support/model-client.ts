import { Client } from "../../src/client.ts";
import { modelOf, type Untold } from "../../src/fuzz/model/of-machine.ts";
import type { ReferenceModel } from "../../src/fuzz/model/reference-model.ts";
import { Machine, type MachineOptions } from "../../src/machine.ts";

const FILLER_GUID = "11111111-2222-3333-4444-666666666666";

/** A Dom0 whose calls the reference model answers, in the memory of the machine that it is the model of. */
export class ModelClient extends Client {
  readonly model: ReferenceModel;

  constructor(options: MachineOptions = {}, untold: Untold = {}) {
    const machine = new Machine(options);
    const model = modelOf(machine, untold);
    super(machine, {
      hypercall: (op) => {
        const ret = model.answer(machine.memory, op);
        if (ret === undefined) throw new Error("the model does not cover this call");
        return ret;
      },
    });
    this.model = model;
  }

  /** Names in enumeration order. */
  names(): string[] {
    return [...this.variableNames()].map(({ name }) => name);
  }

  /** Bytes that are left for records. */
  room(): number {
    return Number(this.queryVariableInfo(7).remainStoreSize);
  }

  /** Fills the store with variables of their own GUID until so many bytes are left, a multiple of 4. */
  leaveRoom(bytes: number): void {
    const headBytes = 60 + 4;
    for (let n = 0; this.room() > bytes; n++) {
      const dataBytes = Math.min(0x7000, this.room() - bytes - headBytes);
      const { statusName } = this.setVariable(
        String.fromCharCode(0xe000 + n),
        FILLER_GUID,
        7,
        new Uint8Array(dataBytes),
      );
      if (statusName !== "SUCCESS") throw new Error(`filler ${n}: ${statusName}`);
    }
  }
}
