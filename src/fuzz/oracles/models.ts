import { Machine } from "../../machine.ts";
import { ABIS, type Abi } from "../../op.ts";
import type { FuzzMachine } from "../fuzz-machine.ts";
import { modelOf } from "../model/of-machine.ts";
import type { ReferenceModel } from "../model/reference-model.ts";

/** The reference models of fuzzing machines, one for each ABI; made when they are first asked for. */
export class Models {
  readonly #models = new WeakMap<FuzzMachine, (ReferenceModel | "none" | undefined)[]>();

  /** Undefined for a machine that the model is not one of: another firmware, signatures are checked, facts or policies are its own. */
  of(machine: FuzzMachine, abi: Abi): ReferenceModel | undefined {
    let own = this.#models.get(machine);
    if (own === undefined) {
      own = [];
      this.#models.set(machine, own);
    }
    const index = ABIS.indexOf(abi);
    own[index] ??= make(machine, abi);
    const model = own[index];
    return model === "none" ? undefined : model;
  }
}

/** From a machine of this ABI that has just booted in the same way. */
function make({ options }: FuzzMachine, abi: Abi): ReferenceModel | "none" {
  const { verifier, facts, variablePolicies } = options;
  // Signatures, other facts and a platform's own demands are not the model's.
  if (verifier !== undefined || facts !== undefined || variablePolicies !== undefined) return "none";
  try {
    return modelOf(new Machine({ ...options, abi }));
  } catch (error) {
    if (error instanceof RangeError) return "none";
    throw error;
  }
}
