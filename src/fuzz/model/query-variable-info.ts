import { EfiCode } from "../../../assembly/abi/status.ts";
import { AT, AW, BS, HR, MASK, NV, RT } from "./attributes.ts";
import type { Limits, ModelStart } from "./start.ts";
import type { State } from "./state.ts";
import { HEADER_BYTES } from "./store.ts";

/** QueryVariableInfo of OVMF 2022.11 at run time, and what Xen kept of it from before ExitBootServices. Bytes. */
export class QueryVariableInfo {
  readonly #state: State;
  readonly #limits: Limits;
  readonly #volatileRoom: number;
  readonly #roomAtBoot: number;
  /** The answer's three values. */
  maxStore = 0;
  remainStore = 0;
  maxVariable = 0;

  constructor(state: State, { limits, volatileBytes, liveBytes }: ModelStart) {
    this.#state = state;
    this.#limits = limits;
    this.#volatileRoom = limits.volatileStoreBytes - volatileBytes;
    this.#roomAtBoot = limits.storeBytes - liveBytes;
  }

  /** All three values are 0 unless the status is Success. */
  query(attributes: number): EfiCode {
    const limits = this.#limits;
    const status = refusal(attributes);
    if (status !== EfiCode.Success) {
      this.#tell(0, 0, 0);
    } else if (attributes & NV) {
      this.#tell(limits.storeBytes, this.#state.room, attributes & (AT | AW) ? limits.maxAuth : limits.maxVariable);
    } else {
      this.#tell(limits.volatileStoreBytes, this.#volatileRoom, attributes & AT ? limits.maxAuth : limits.maxVolatile);
    }
    return status;
  }

  /** Of NV+BS+RT as it was: dead records counted as free then. */
  snapshot(): EfiCode {
    this.#tell(this.#limits.storeBytes, this.#roomAtBoot, this.#limits.maxVariable);
    return EfiCode.Success;
  }

  #tell(maxStore: number, room: number, largest: number): void {
    this.maxStore = maxStore;
    this.remainStore = room;
    this.maxVariable = Math.max(0, Math.min(largest, room) - HEADER_BYTES);
  }
}

/** Variable.c, VariableServiceQueryVariableInfo: unknown bits pass beside known ones. */
function refusal(attributes: number): EfiCode {
  if (attributes === 0) return EfiCode.InvalidParameter;
  if (attributes & AW || (attributes & MASK) === 0) return EfiCode.Unsupported;
  if ((attributes & MASK) === NV) return EfiCode.InvalidParameter;
  if ((attributes & RT) === 0 || (attributes & BS) === 0) return EfiCode.InvalidParameter;
  if (attributes & HR) return attributes & NV ? EfiCode.Unsupported : EfiCode.InvalidParameter;
  return EfiCode.Success;
}
