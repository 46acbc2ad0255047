import * as abi from "../../assembly/abi/op.ts";
import { type Abi, type OpLayout, opLayout } from "../op.ts";

/** A shim's ops are laid out otherwise than the ABI says that it was loaded for. */
export class LayoutError extends Error {
  constructor(abiName: Abi, fits: Fit) {
    super(`the op does not fit ${abiName}: name, size and data lie as ${fits.whose}; ${fits.remedy}`);
    this.name = "LayoutError";
  }
}

/** Where a layout has what a call points to. */
type Places = Pick<OpLayout, "longBytes" | "name" | "size" | "data" | "guid" | "nextSize" | "nextName" | "nextGuid">;

interface Fit {
  places: Places;
  whose: string;
  remedy: string;
}

/** Longs and pointers of 4 bytes, and 64-bit members at multiples of 8: wasm32 with x86 headers as they come. */
const MISALIGNED: Places = {
  ...{ longBytes: 4, name: 24, size: 28, data: 32, guid: 36 },
  ...{ nextSize: 24, nextName: 28, nextGuid: 32 },
};

const FITS: readonly Fit[] = [
  {
    places: MISALIGNED,
    whose: "no Xen has them (inner union at 24 instead of 20)",
    remedy:
      "wasm32 aligns 64-bit types to 8 bytes where an i386 aligns them to 4: build with the types.h of xenefi's shim/include, or with Arm headers and abi arm32",
  },
  { places: opLayout("x86_32"), whose: "x86_32 has them", remedy: "load the shim with abi x86_32" },
  {
    places: opLayout("x86_64"),
    whose: "arm32, arm64 and x86_64 have them",
    remedy: "load the shim with abi arm32, or x86_64",
  },
];

/** Bytes of guest memory that can be read from an address on. */
type MappedBytes = (address: number) => number;

/**
 * Why an op of the right command and version is not laid out as the ABI has it: it names a buffer that is not mapped, and by
 * another layout all that it names is. Undefined if it fits, or fits none.
 */
export function diagnose(view: DataView, op: number, abiName: Abi, mappedBytes: MappedBytes): LayoutError | undefined {
  if (mappedBytes(op) < abi.OP_BYTES) return undefined;
  const isCall = view.getUint32(op + abi.OP_CMD, true) === abi.CMD_EFI_RUNTIME_CALL;
  if (!isCall || view.getUint32(op + abi.OP_INTERFACE_VERSION, true) !== abi.INTERFACE_VERSION) return undefined;
  const fits = (places: Places) =>
    fitsLayout(new DataView(view.buffer, view.byteOffset + op, abi.OP_BYTES), places, mappedBytes);
  if (fits(opLayout(abiName))) return undefined;
  const other = FITS.find(({ places }) => fits(places));
  return other === undefined ? undefined : new LayoutError(abiName, other);
}

/**
 * True if all that the op names is mapped, and nothing lies behind its GUID. So that arguments which are wrong by intent fit no
 * other layout, a variable's GUID must not end in zeros, and a name to follow needs room for its terminator.
 */
function fitsLayout(op: DataView, at: Places, mappedBytes: MappedBytes): boolean {
  const fn = op.getUint32(abi.OP_FUNCTION, true);
  const isNext = fn === abi.FN_GET_NEXT_VARIABLE_NAME;
  if (!isNext && fn !== abi.FN_GET_VARIABLE && fn !== abi.FN_SET_VARIABLE) return false;
  const long = (offset: number) =>
    at.longBytes === 4 ? op.getUint32(offset, true) : Number(op.getBigUint64(offset, true));
  const isBuffer = (address: number, bytes: number) => mappedBytes(address) >= Math.max(1, bytes);
  const behind = (isNext ? at.nextGuid : at.guid) + abi.GUID_BYTES;
  if (!isZero(op, behind)) return false;
  if (isNext) return long(at.nextSize) >= 2 && isBuffer(long(at.nextName), long(at.nextSize));
  const [size, guidEnd] = [long(at.size), op.getUint32(behind - 4, true)];
  return guidEnd !== 0 && isBuffer(long(at.name), 2) && (size === 0 || isBuffer(long(at.data), size));
}

function isZero(op: DataView, from: number): boolean {
  for (let offset = from; offset < abi.OP_BYTES; offset++) if (op.getUint8(offset) !== 0) return false;
  return true;
}
