import { ByteWriter } from "../../formats/byte-writer.ts";
import { guidBytes } from "../../guid.ts";

/**
 * Messages of edk2's variable driver to its other half in management mode: EFI_MM_COMMUNICATE_HEADER (GUID, u64 length of
 * what follows), SMM_VARIABLE_COMMUNICATE_HEADER (u64 function, u64 status), then the function's structure
 * (MdeModulePkg/Include/Guid/SmmVariableCommon.h). Little-endian; UINTN has 8 bytes. The answer lies in the same bytes.
 */
const VARIABLE_PROTOCOL = "ed32d533-99e6-4209-9cc0-2d72cdd998a7";
/** Where SMM_VARIABLE_COMMUNICATE_HEADER begins; its size. */
const HEADER = 24;
const FUNCTION_BYTES = 16;
const STATUS = HEADER + 8;
/** Where the function's structure begins. */
const BODY = HEADER + FUNCTION_BYTES;

/** What a payload of the variable protocol has before it, in bytes. */
export const HEADERS_BYTES = BODY;
/** Of SMM_VARIABLE_COMMUNICATE_ACCESS_VARIABLE, before name and data: GUID, u64 data size, u64 name size, u32 attributes. */
export const ACCESS_BYTES = 36;
/** Of SMM_VARIABLE_COMMUNICATE_GET_NEXT_VARIABLE_NAME, before the name: GUID, u64 name size. */
export const NEXT_NAME_BYTES = 24;
/** SMM_VARIABLE_COMMUNICATE_QUERY_VARIABLE_INFO: u64 largest store, room, largest variable; u32 attributes. */
const INFO_BYTES = 28;

/** SMM_VARIABLE_FUNCTION_… */
const GET_VARIABLE = 1;
const GET_NEXT_VARIABLE_NAME = 2;
const SET_VARIABLE = 3;
const QUERY_VARIABLE_INFO = 4;
const LOCK_VARIABLE = 8;
const GET_PAYLOAD_SIZE = 11;

/** Event groups that the firmware passes on, each a message of one byte (OvmfPkg/VirtMmCommunicationDxe). */
export const EVENTS = {
  endOfDxe: "02ce967a-dd7e-4ffc-9ee7-810cf0470880",
  readyToBoot: "7ce88fb3-4bd7-4679-87a8-a8d8dee50d2b",
  exitBootServices: "27abf055-b1b8-4c26-8048-748f37baa2df",
} as const;

/** The message of an event. */
export function eventMessage(event: keyof typeof EVENTS): Uint8Array {
  return new ByteWriter().bytes(guidBytes(EVENTS[event])).u64(1).zeros(1).done();
}

/** A variable as it is named in a message: UCS-2 bytes with terminator, GUID as text. */
export interface Named {
  name: Uint8Array;
  guid: string;
}

/** GetVariable into `room` bytes. `attributes`: what the caller's field holds. */
export function getMessage({ name, guid }: Named, attributes: number, room: number): Uint8Array {
  return message(GET_VARIABLE, access({ name, guid }, attributes, room).zeros(room));
}

export function setMessage({ name, guid }: Named, attributes: number, data: Uint8Array): Uint8Array {
  return message(SET_VARIABLE, access({ name, guid }, attributes, data.length).bytes(data));
}

/** GetNextVariableName into `room` bytes, which hold the name at first. */
export function nextMessage({ name, guid }: Named, room: number): Uint8Array {
  const body = new ByteWriter().guid(guid).u64(room).bytes(name);
  return message(GET_NEXT_VARIABLE_NAME, body.zeros(Math.max(0, room - name.length)));
}

export function queryMessage(attributes: number): Uint8Array {
  return message(QUERY_VARIABLE_INFO, new ByteWriter().zeros(INFO_BYTES - 4).u32(attributes));
}

/** Write-protects a variable once the end of DXE was signalled. */
export function lockMessage({ name, guid }: Named): Uint8Array {
  return message(LOCK_VARIABLE, new ByteWriter().guid(guid).u64(name.length).bytes(name));
}

export function payloadSizeMessage(): Uint8Array {
  return message(GET_PAYLOAD_SIZE, new ByteWriter().zeros(8));
}

function access({ name, guid }: Named, attributes: number, dataBytes: number): ByteWriter {
  return new ByteWriter().guid(guid).u64(dataBytes).u64(name.length).u32(attributes).bytes(name);
}

function message(fn: number, body: ByteWriter): Uint8Array {
  const bytes = body.done();
  const header = new ByteWriter().guid(VARIABLE_PROTOCOL).u64(FUNCTION_BYTES + bytes.length);
  return header.u64(fn).zeros(8).bytes(bytes).done();
}

/** A message after it was answered. */
export class Answer {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get status(): bigint {
    return this.#view.getBigUint64(STATUS, true);
  }

  /** The GUID's 16 bytes, of an access or a next name. */
  get guid(): Uint8Array {
    return this.#bytes.subarray(BODY, BODY + 16);
  }

  /** Data size of an access; name size of a next name; payload size. */
  get size(): bigint {
    return this.#view.getBigUint64(BODY + 16, true);
  }

  get payloadSize(): bigint {
    return this.#view.getBigUint64(BODY, true);
  }

  get attributes(): number {
    return this.#view.getUint32(BODY + ACCESS_BYTES - 4, true);
  }

  /** Data of an access whose name has so many bytes. */
  data(nameBytes: number): Uint8Array {
    const start = BODY + ACCESS_BYTES + nameBytes;
    return this.#bytes.subarray(start, start + Number(this.size));
  }

  /** The next name, with terminator. */
  get nextName(): Uint8Array {
    return this.#bytes.subarray(BODY + NEXT_NAME_BYTES, BODY + NEXT_NAME_BYTES + Number(this.size));
  }

  /** Largest store, room, largest variable: in the order in which the structure has them. */
  get info(): [maxStoreBytes: bigint, remainStoreBytes: bigint, maxVariableBytes: bigint] {
    const at = (index: number) => this.#view.getBigUint64(BODY + 8 * index, true);
    return [at(0), at(1), at(2)];
  }
}
