/**
 * What one writes first in AssemblyScript: variables as objects in a `Map<string, Variable>`, under the incremental garbage
 * collector. The work of bench/peers/map.ts, for the 64-bit layout.
 */
const OP_BYTES: u64 = 136;
const INTERFACE_VERSION: u32 = 0x03000001;
const EFI_RUNTIME_CALL: u32 = 49;
const GET_VARIABLE: u32 = 6;
const SET_VARIABLE: u32 = 7;
const APPEND_WRITE: u32 = 0x40;

const EFAULT = -14;
const EACCES = -13;
const ENOSYS = -38;
const EINVAL = -22;

const BUFFER_TOO_SMALL: u64 = 5;
const NOT_FOUND: u64 = 14;

const GUEST_BYTES: i32 = 0x300000;
const NULL_GUARD_BYTES: u64 = 0x1000;
const GUEST = memory.data(GUEST_BYTES);

class Variable {
  constructor(
    public attributes: u32,
    public data: Uint8Array,
  ) {}
}

const held = new Map<string, Variable>();

/** Where guest address 0 is; the guest has 3 MiB. */
export function guest(): usize {
  return GUEST;
}

/** The op at guest address `low`; answers as Machine.hypercall. */
export function dispatch(low: u32): i32 {
  if (!isMapped(low, OP_BYTES)) return EFAULT;
  const op = GUEST + low;
  if (load<u32>(op, 4) !== INTERFACE_VERSION) return EACCES;
  if (load<u32>(op) !== EFI_RUNTIME_CALL) return ENOSYS;
  switch (load<u32>(op, 8)) {
    case GET_VARIABLE:
      return getVariable(op);
    case SET_VARIABLE:
      return setVariable(op);
    default:
      return ENOSYS;
  }
}

/** Stores the variable that the op at guest address `low` would write. */
export function add(low: u32): i32 {
  return setVariable(GUEST + low);
}

function getVariable(op: usize): i32 {
  if (load<u32>(op, 12) !== 0) return EINVAL;
  const key = keyOf(op);
  if (key === null) return EFAULT;
  if (!held.has(key)) return answer(op, NOT_FOUND, 0);
  const found = held.get(key);
  const size = load<u64>(op, 32);
  store<u64>(op, found.data.length, 32);
  if (size < <u64>found.data.length) return answer(op, BUFFER_TOO_SMALL, found.attributes);
  const data = load<u64>(op, 40);
  if (!isMapped(data, found.data.length)) return EFAULT;
  memory.copy(GUEST + <usize>data, found.data.dataStart, found.data.length);
  return answer(op, 0, found.attributes);
}

function setVariable(op: usize): i32 {
  const key = keyOf(op);
  const size = load<u64>(op, 32);
  const data = load<u64>(op, 40);
  if (key === null || !isMapped(data, size)) return EFAULT;
  const misc = load<u32>(op, 12);
  const attributes = misc & ~APPEND_WRITE;
  if (size === 0 && misc === attributes) return answer(op, held.delete(key) ? 0 : NOT_FOUND, misc);
  const head = misc !== attributes && held.has(key) ? held.get(key).data : new Uint8Array(0);
  const fresh = new Uint8Array(head.length + <i32>size);
  fresh.set(head);
  memory.copy(fresh.dataStart + head.length, GUEST + <usize>data, <usize>size);
  held.set(key, new Variable(attributes, fresh));
  return answer(op, 0, misc);
}

function answer(op: usize, code: u64, misc: u32): i32 {
  store<u32>(op, misc, 12);
  store<u64>(op, code === 0 ? 0 : code | 0x8000000000000000, 16);
  return 0;
}

/** GUID and name as one string; null if the name has no end. */
function keyOf(op: usize): string | null {
  const name = load<u64>(op, 24);
  let bytes: u64 = 0;
  while (isMapped(name + bytes, 2)) {
    if (load<u16>(GUEST + <usize>(name + bytes)) === 0) {
      return String.UTF16.decodeUnsafe(op + 48, 16) + String.UTF16.decodeUnsafe(GUEST + <usize>name, <i32>bytes);
    }
    bytes += 2;
  }
  return null;
}

function isMapped(at: u64, bytes: u64): bool {
  return at >= NULL_GUARD_BYTES && at < <u64>GUEST_BYTES && bytes <= <u64>GUEST_BYTES - at;
}
