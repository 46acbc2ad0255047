import { EfiCode } from "../../../assembly/abi/status.ts";
import { AP, AT, AW, BS, HR, MASK, NV, RT } from "./attributes.ts";
import { type Definition, definitionOf, isClosed, isErrorRecord, OTHER_KEYS, PK } from "./definitions.ts";
import { VariableKey } from "./key.ts";
import { LANG, LANG_CODES, type Language, Languages, PLATFORM_LANG, PLATFORM_LANG_CODES } from "./languages.ts";
import { areSignatureLists, newSignatures } from "./signature-lists.ts";
import type { Limits, ModelStart } from "./start.ts";
import type { State } from "./state.ts";
import { type Entry, HEADER_BYTES, recordBytes } from "./store.ts";

/** EFI_VARIABLE_AUTHENTICATION: what remains of counter-based writes is the bare descriptor. */
const COUNTER_DESCRIPTOR_BYTES = 560;
/** EFI_VARIABLE_AUTHENTICATION_2: a time stamp, then dwLength, which counts from there on. */
const STAMP_BYTES = 16;
const DESCRIPTOR_BYTES_MIN = 24;

const NOTHING = new Uint8Array(0);

/** SetVariable of OVMF 2022.11 after ExitBootServices (Variable.c, VariableServiceSetVariable), no PK enrolled. */
export class SetVariable {
  readonly #state: State;
  readonly #limits: Limits;
  readonly #locked: VariableKey[];
  readonly #languages: Languages | undefined;
  /** In user or custom mode writes of keys hang on certificates. */
  readonly #isSetupMode: boolean;

  constructor(state: State, { limits, locked, variables }: ModelStart) {
    this.#state = state;
    this.#limits = limits;
    this.#locked = locked.map(({ name, guid }) => VariableKey.of(name, guid));
    const codes = state.variables.find(LANG_CODES)?.data;
    const platformCodes = state.variables.find(PLATFORM_LANG_CODES)?.data;
    this.#languages = codes && platformCodes && new Languages(codes, platformCodes);
    const isCustom = variables.some(({ name, data }) => name === "CustomMode" && data[0] === 1);
    this.#isSetupMode = state.variables.find(PK) === undefined && !isCustom;
  }

  /** Undefined: the answer hangs on a certificate, and nothing has changed. `data` is what Xen fetched. */
  set(key: VariableKey, attributes: number, data: Uint8Array): EfiCode | undefined {
    if (key.length === 0) return EfiCode.InvalidParameter;
    const refused = refusedAttributes(attributes, data.length) || refusedDescriptor(attributes, data);
    if (refused !== EfiCode.Success) return refused;
    const payload = payloadOf(attributes, data);
    if (key.nameBytes + payload.length > this.#largest(attributes) - HEADER_BYTES) return EfiCode.InvalidParameter;
    return this.#check(key, attributes, payload) || this.#setChecked(key, attributes, data, payload);
  }

  /** Largest record of a class. Without NON_VOLATILE it is the volatile one, for deletions by attributes 0 too. */
  #largest(attributes: number): number {
    if (attributes & HR) return this.#limits.maxErrorRecord;
    if (attributes & (AT | AW)) return this.#limits.maxAuth;
    return attributes & NV ? this.#limits.maxVariable : this.#limits.maxVolatile;
  }

  /** VarCheckLib and its handlers: definitions, closed namespaces, content, then the boot manager's locks. */
  #check(key: VariableKey, attributes: number, payload: Uint8Array): EfiCode {
    const definition = definitionOf(key);
    if (definition?.readOnly) return EfiCode.WriteProtected;
    const isDeletion = attributes === 0 || ((attributes & AP) === 0 && payload.length === 0);
    if (!isDeletion && !keepsTo(definition, key, attributes, payload)) return EfiCode.InvalidParameter;
    for (const locked of this.#locked) if (locked.equals(key)) return EfiCode.WriteProtected;
    return EfiCode.Success;
  }

  #setChecked(key: VariableKey, attributes: number, data: Uint8Array, payload: Uint8Array): EfiCode | undefined {
    const entry = this.#state.variables.find(key);
    if (entry !== undefined) {
      if ((entry.attributes & RT) === 0) return EfiCode.WriteProtected;
      if (attributes !== 0 && (attributes & ~AP) !== entry.attributes) return EfiCode.InvalidParameter;
    }
    if (this.#hangsOnCertificate(key, entry, attributes, payload)) return undefined;
    return this.#couple(key, data) || this.#authenticate(key, attributes, payload);
  }

  /**
   * A key's list of certificates; any authenticated write of a key outside setup mode; the deletion of a private variable,
   * which takes its signer out of certdb.
   */
  #hangsOnCertificate(key: VariableKey, entry: Entry | undefined, attributes: number, payload: Uint8Array): boolean {
    if ((attributes & AT) === 0) return false;
    if (isKeyVariable(key)) {
      if (!this.#isSetupMode) return true;
      return (attributes & NV) !== 0 && !key.equals(PK) && areSignatureLists(payload) === undefined;
    }
    return entry !== undefined && payload.length === 0 && attributes === entry.attributes;
  }

  /** AutoUpdateLangVariable: a language of the lists is written to the partner first, if there is room for both. */
  #couple(key: VariableKey, data: Uint8Array): EfiCode {
    if (data.length === 0) return EfiCode.Success;
    if (key.hasName(LANG_CODES) || key.hasName(PLATFORM_LANG_CODES)) return EfiCode.WriteProtected;
    if (key.hasName(LANG)) {
      const language = this.#languages?.ofLang(data);
      return language === undefined
        ? EfiCode.Success
        : this.#writePartner(PLATFORM_LANG, language.platformLang, language);
    }
    if (key.hasName(PLATFORM_LANG)) {
      const language = this.#languages?.ofPlatformLang(data);
      return language === undefined ? EfiCode.Success : this.#writePartner(LANG, language.lang, language);
    }
    return EfiCode.Success;
  }

  #writePartner(partner: VariableKey, value: Uint8Array, { lang, platformLang }: Language): EfiCode {
    const pairBytes =
      recordBytes(LANG.nameBytes, lang.length) + recordBytes(PLATFORM_LANG.nameBytes, platformLang.length);
    if (pairBytes > this.#state.room) return EfiCode.OutOfResources;
    return this.#update(partner, NV | BS | RT, value, false);
  }

  /** AuthVariableLib without a PK, where no signature is ever accepted. */
  #authenticate(key: VariableKey, attributes: number, payload: Uint8Array): EfiCode {
    if (isKeyVariable(key)) return this.#setKey(key, attributes, payload);
    if (attributes & AT) return EfiCode.SecurityViolation;
    if (attributes & AW) return EfiCode.Unsupported;
    const stored = this.#state.variables.find(key)?.attributes ?? 0;
    if (stored & (AT | AW)) return EfiCode.WriteProtected;
    return this.#update(key, attributes, payload, false);
  }

  /** A PK must be signed by itself; the others need no signature in setup mode, but to be signature lists. */
  #setKey(key: VariableKey, attributes: number, payload: Uint8Array): EfiCode {
    if ((attributes & NV) === 0 || (attributes & AT) === 0) return EfiCode.InvalidParameter;
    if (key.equals(PK)) return EfiCode.SecurityViolation;
    if (areSignatureLists(payload) === false) return EfiCode.InvalidParameter;
    const entry = this.#state.variables.find(key);
    if (entry === undefined || (attributes & AP) === 0) return this.#update(key, attributes, payload, true);
    return this.#update(key, attributes, newSignatures(entry.data, payload), true);
  }

  /** Variable.c, UpdateVariable. An authenticated write also rewrites data that stay the same: its time stamp is new. */
  #update(key: VariableKey, attributes: number, data: Uint8Array, isAuthenticated: boolean): EfiCode {
    const entry = this.#state.variables.find(key);
    if (entry === undefined) return this.#create(key, attributes, data);
    if ((entry.attributes & NV) === 0) return EfiCode.WriteProtected;
    const appends = (attributes & AP) !== 0;
    if ((!appends && data.length === 0) || (attributes & (BS | RT)) === 0) {
      this.#state.variables.remove(entry);
      return EfiCode.Success;
    }
    if (!appends && !isAuthenticated && isSame(entry.data, data)) return EfiCode.Success;
    if (!appends) return this.#state.write(key, entry, entry.attributes, data);
    const bytes = entry.data.length + data.length;
    if (key.nameBytes + bytes > this.#largest(entry.attributes) - HEADER_BYTES) return EfiCode.InvalidParameter;
    const merged = new Uint8Array(bytes);
    merged.set(entry.data);
    merged.set(data, entry.data.length);
    return this.#state.write(key, entry, entry.attributes, merged);
  }

  #create(key: VariableKey, attributes: number, data: Uint8Array): EfiCode {
    if (data.length === 0 && (attributes & AP) !== 0) return EfiCode.Success;
    if (data.length === 0 || (attributes & (BS | RT)) === 0) return EfiCode.NotFound;
    if ((attributes & RT) === 0 || (attributes & NV) === 0) return EfiCode.InvalidParameter;
    return this.#state.write(key, undefined, attributes & ~AP, data);
  }
}

function isKeyVariable(key: VariableKey): boolean {
  if (key.equals(PK)) return true;
  for (const other of OTHER_KEYS) if (other.equals(key)) return true;
  return false;
}

/** What attributes get by themselves, in the order of OVMF 2022.11: the counter's bit comes behind NON_VOLATILE alone. */
function refusedAttributes(attributes: number, bytes: number): EfiCode {
  if ((attributes & ~(MASK | AW)) !== 0) return EfiCode.InvalidParameter;
  if ((attributes & MASK) === NV) return EfiCode.InvalidParameter;
  const counter = (attributes & AW) !== 0;
  if ((attributes & (BS | RT)) === RT) return counter ? EfiCode.Unsupported : EfiCode.InvalidParameter;
  if (!counter && (attributes & AT) === 0 && (attributes & HR) !== 0) return EfiCode.InvalidParameter;
  if (counter && (attributes & AT) !== 0) return EfiCode.Unsupported;
  return counter && bytes !== COUNTER_DESCRIPTOR_BYTES ? EfiCode.Unsupported : EfiCode.Success;
}

/** A time-based descriptor must lie within the data. */
function refusedDescriptor(attributes: number, data: Uint8Array): EfiCode {
  if ((attributes & AT) === 0) return EfiCode.Success;
  if (data.length < STAMP_BYTES + DESCRIPTOR_BYTES_MIN) return EfiCode.SecurityViolation;
  const length = descriptorBytes(data);
  return length < DESCRIPTOR_BYTES_MIN || length > data.length - STAMP_BYTES
    ? EfiCode.SecurityViolation
    : EfiCode.Success;
}

function descriptorBytes(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset).getUint32(STAMP_BYTES, true);
}

function payloadOf(attributes: number, data: Uint8Array): Uint8Array {
  if (attributes & AT) return data.subarray(STAMP_BYTES + descriptorBytes(data));
  return attributes & AW ? NOTHING : data;
}

function keepsTo(
  definition: Definition | undefined,
  key: VariableKey,
  attributes: number,
  payload: Uint8Array,
): boolean {
  if (definition !== undefined) {
    if ((attributes & ~AP) !== definition.attributes) return false;
    if (payload.length !== 0 && (payload.length < definition.least || payload.length > definition.most)) return false;
  }
  if ((attributes & HR) !== 0 && !isErrorRecord(key)) return false;
  if (definition === undefined) return !isClosed(key);
  return definition.content === undefined || definition.content(payload);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
