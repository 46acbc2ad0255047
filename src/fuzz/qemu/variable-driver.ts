import { EfiCode } from "../../../assembly/abi/status.ts";
import { efiStatus } from "../../status.ts";
import {
  ACCESS_BYTES,
  Answer,
  getMessage,
  HEADERS_BYTES,
  type Named,
  NEXT_NAME_BYTES,
  nextMessage,
  payloadSizeMessage,
  queryMessage,
  setMessage,
} from "./message.ts";

/** What answers messages: the bytes come back with the answer in them. */
export interface Communication {
  communicate(message: Uint8Array): Promise<Uint8Array>;
}

/** What GetNextVariableName gives: a size, and on success a name with terminator and the GUID's 16 bytes. */
interface NextName {
  status: bigint;
  size: bigint;
  next?: { name: Uint8Array; guid: Uint8Array };
}

/** The largest message that edk2 sends, MAX_BUFFER_SIZE of OvmfPkg/VirtMmCommunicationDxe/VirtMmCommunication.h. */
const MESSAGE_BYTES_MAX = 0x10000;

/**
 * What edk2 does at run time between the runtime services table and management mode, without a runtime cache
 * (MdeModulePkg/Universal/Variable/RuntimeDxe/VariableSmmRuntimeDxe.c). Names are UCS-2 with one terminator, at the end.
 */
export class VariableDriver {
  readonly #communication: Communication;
  /** mVariableBufferPayloadSize */
  readonly #payloadBytes: number;

  private constructor(communication: Communication, payloadBytes: number) {
    this.#communication = communication;
    this.#payloadBytes = payloadBytes;
  }

  /**
   * Asks for the payload's size. QEMU before 11.0 counts the headers in (uefi_vars_mm_get_payload_size), so that messages
   * of the last 40 bytes are never sent and the caller gets the status of an earlier call; here they count for what they are.
   */
  static async load(communication: Communication): Promise<VariableDriver> {
    const answer = new Answer(await communication.communicate(payloadSizeMessage()));
    const told = Number(answer.payloadSize);
    return new VariableDriver(communication, Math.min(told, MESSAGE_BYTES_MAX - HEADERS_BYTES));
  }

  /** FindVariableInSmm behind RuntimeServiceGetVariable. `size`: of the caller's buffer; 0 bytes are none. */
  async getVariable(variable: Named, attributes: number, size: bigint) {
    const { name } = variable;
    const refused = (code: EfiCode) => ({ status: efiStatus(code), attributes, size, data: new Uint8Array(0) });
    if (isEmpty(name)) return refused(EfiCode.NotFound);
    const room = this.#payloadBytes - ACCESS_BYTES - name.length;
    if (room < 0) return refused(EfiCode.InvalidParameter);
    const answer = await this.#send(getMessage(variable, attributes, atMost(size, room)));
    const { status } = answer;
    const isRead = status === efiStatus(EfiCode.Success);
    const tellsSize = isRead || status === efiStatus(EfiCode.BufferTooSmall);
    return {
      status: isRead && size === 0n ? efiStatus(EfiCode.InvalidParameter) : status,
      attributes: answer.attributes,
      size: tellsSize ? answer.size : size,
      data: isRead ? answer.data(name.length) : new Uint8Array(0),
    };
  }

  /** RuntimeServiceGetNextVariableName. `buffer`: the caller's, of which as much as a message holds is looked at. */
  async getNextVariableName({ name: buffer, guid }: Named, size: bigint): Promise<NextName> {
    const refused = (code: EfiCode): NextName => ({ status: efiStatus(code), size });
    const end = terminatorOf(buffer.subarray(0, Number(size / 2n) * 2));
    if (end === undefined) return refused(EfiCode.InvalidParameter);
    const name = buffer.subarray(0, end + 2);
    const room = this.#payloadBytes - NEXT_NAME_BYTES;
    if (name.length > room) return refused(EfiCode.InvalidParameter);
    const answer = await this.#send(nextMessage({ name, guid }, atMost(size, room)));
    const { status } = answer;
    if (status === efiStatus(EfiCode.Success)) {
      return { status, size: answer.size, next: { name: answer.nextName, guid: answer.guid } };
    }
    return { status, size: status === efiStatus(EfiCode.BufferTooSmall) ? answer.size : size };
  }

  /** RuntimeServiceSetVariable; the status. */
  async setVariable(variable: Named, attributes: number, data: Uint8Array): Promise<bigint> {
    const { name } = variable;
    if (isEmpty(name)) return efiStatus(EfiCode.InvalidParameter);
    if (name.length + data.length > this.#payloadBytes - ACCESS_BYTES) return efiStatus(EfiCode.InvalidParameter);
    return (await this.#send(setMessage(variable, attributes, data))).status;
  }

  /** RuntimeServiceQueryVariableInfo; no counts unless the status is success. */
  async queryVariableInfo(attributes: number) {
    if (attributes === 0) return { status: efiStatus(EfiCode.InvalidParameter) };
    const answer = await this.#send(queryMessage(attributes));
    return answer.status === 0n ? { status: 0n, info: answer.info } : { status: answer.status };
  }

  async #send(message: Uint8Array): Promise<Answer> {
    return new Answer(await this.#communication.communicate(message));
  }
}

function isEmpty(name: Uint8Array): boolean {
  return terminatorOf(name) === 0;
}

function atMost(size: bigint, most: number): number {
  return size < BigInt(most) ? Number(size) : most;
}

/** Offset of the first zero unit; undefined if there is none. */
export function terminatorOf(bytes: Uint8Array): number | undefined {
  for (let at = 0; at + 2 <= bytes.length; at += 2) if (bytes[at] === 0 && bytes[at + 1] === 0) return at;
  return undefined;
}
