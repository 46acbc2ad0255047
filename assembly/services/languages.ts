import { COUPLE_LANGUAGES } from "../abi/policy";
import { HEADER_BYTES } from "../abi/record";
import { EfiCode, Reason } from "../abi/status";
import { BOOTSERVICE_ACCESS, NON_VOLATILE, RUNTIME_ACCESS } from "../abi/variable";
import { sameBytes } from "../bytes";
import { has } from "../policy";
import { Draft, nvRegion, partnerDraft, state, VALUE_BUFFER, VALUE_BUFFER_BYTES } from "../state";
import { alignedBytes, dataBytesOf, dataOf } from "../store/record";
import { find } from "../store/store";
import { GLOBAL_GUID, hasName, LANG, LANG_CODES, PLATFORM_LANG, PLATFORM_LANG_CODES, setName } from "./names";
import { spaceFor, usedBytes } from "./quota";
import { refuse } from "./refusal";
import { update } from "./update";

const ISO_639_BYTES: u32 = 3;
const LETTER_L: u16 = 0x4c;
const LETTER_P: u16 = 0x50;
const SEMICOLON: u8 = 0x3b;
const HYPHEN: u8 = 0x2d;

/** True for Lang, PlatformLang and their code lists, under any GUID. */
export function isLanguage(d: Draft): bool {
  const first = load<u16>(d.name);
  if (first !== LETTER_L && first !== LETTER_P) return false;
  return hasName(d, LANG) || hasName(d, PLATFORM_LANG) || hasName(d, LANG_CODES) || hasName(d, PLATFORM_LANG_CODES);
}

/**
 * Keeps Lang (ISO 639-2, three letters, no separator in its code list) and PlatformLang (RFC 4646, codes separated by
 * semicolons) in step: a write of one, under any GUID, first writes its partner of the global namespace, if the value
 * matches a supported language (edk2 V.c, AutoUpdateLangVariable). The code lists cannot be written at run time.
 */
export function coupleLanguages(d: Draft): EfiCode {
  if (d.dataBytes === 0 || !has(COUPLE_LANGUAGES)) return EfiCode.Success;
  if (hasName(d, PLATFORM_LANG_CODES) || hasName(d, LANG_CODES)) {
    if (state.atRuntime === 0) return EfiCode.Success;
    return refuse(EfiCode.WriteProtected, Reason.LanguageCodesReadOnly);
  }
  const toLang = hasName(d, PLATFORM_LANG);
  setName(partnerDraft, GLOBAL_GUID, PLATFORM_LANG_CODES);
  const platformCodes = find(partnerDraft);
  setName(partnerDraft, GLOBAL_GUID, LANG_CODES);
  const codes = find(partnerDraft);
  if (platformCodes === 0 || codes === 0) return EfiCode.Success;
  return toLang ? writeLang(d, codes, platformCodes) : writePlatformLang(d, codes, platformCodes);
}

/** Best match of the draft's RFC 4646 value: its language, then that with its last subtags cut off one by one. */
function writeLang(d: Draft, codes: usize, platformCodes: usize): EfiCode {
  const list = dataOf(platformCodes);
  const listBytes = dataBytesOf(platformCodes);
  const longest = longestTag(list, listBytes);
  let length = tagBytes(d.data, d.dataBytes);
  // What is longer than every supported one matches none: 32 KiB of subtags are cut off without a look at the list.
  while (length > longest) length = withoutSubtag(d.data, length);
  while (length > 0) {
    let index: u32 = 0;
    let at: u32 = skipSeparators(list, listBytes, 0);
    while (at < listBytes && load<u8>(list + at) !== 0) {
      const bytes = tagBytes(list + at, listBytes - at);
      if (length <= bytes && sameBytes(list + at, d.data, length)) {
        return writePartner(d, LANG, dataOf(codes) + index * ISO_639_BYTES, ISO_639_BYTES, bytes);
      }
      at = skipSeparators(list, listBytes, at + bytes);
      index++;
    }
    length = withoutSubtag(d.data, length);
  }
  return EfiCode.Success;
}

/** Bytes of the tag without its last subtag; 0 for one without any. */
function withoutSubtag(tag: usize, length: u32): u32 {
  do length--;
  while (length > 0 && load<u8>(tag + length) !== HYPHEN);
  return length;
}

/** Bytes of the longest tag of a list. */
function longestTag(list: usize, listBytes: u32): u32 {
  let longest: u32 = 0;
  let at: u32 = skipSeparators(list, listBytes, 0);
  while (at < listBytes && load<u8>(list + at) !== 0) {
    const bytes = tagBytes(list + at, listBytes - at);
    longest = max(longest, bytes);
    at = skipSeparators(list, listBytes, at + bytes);
  }
  return longest;
}

function writePlatformLang(d: Draft, codes: usize, platformCodes: usize): EfiCode {
  const length = min(ISO_639_BYTES, stringBytes(d.data, d.dataBytes));
  if (length === 0) return EfiCode.Success;
  const list = dataOf(codes);
  const listBytes = stringBytes(list, dataBytesOf(codes));
  let index: u32 = 0;
  for (let at: u32 = 0; at + length <= listBytes; at += ISO_639_BYTES, index++) {
    if (!sameBytes(list + at, d.data, length)) continue;
    return writePlatformCode(d, index, dataOf(platformCodes), dataBytesOf(platformCodes));
  }
  return EfiCode.Success;
}

/** Writes entry `index` of the platform's list to PlatformLang. */
function writePlatformCode(d: Draft, index: u32, list: usize, listBytes: u32): EfiCode {
  let at: u32 = skipSeparators(list, listBytes, 0);
  while (at < listBytes && load<u8>(list + at) !== 0) {
    const bytes = tagBytes(list + at, listBytes - at);
    if (index === 0) return writePartner(d, PLATFORM_LANG, list + at, bytes, ISO_639_BYTES);
    at = skipSeparators(list, listBytes, at + bytes);
    index--;
  }
  return EfiCode.Success;
}

/**
 * Writes `bytes` of a language and a NUL to the partner variable. Room for both records is asked for beforehand, even if
 * neither will be written; `ownBytes` is the length of the matched code of the variable that the guest writes.
 */
function writePartner(d: Draft, name: usize, value: usize, bytes: u32, ownBytes: u32): EfiCode {
  if (bytes >= VALUE_BUFFER_BYTES) return EfiCode.Success;
  setName(partnerDraft, GLOBAL_GUID, name);
  const both =
    alignedBytes(<u64>HEADER_BYTES + partnerDraft.nameBytes + bytes + 1) +
    alignedBytes(<u64>HEADER_BYTES + d.nameBytes + ownBytes + 1);
  if (both + usedBytes(nvRegion, false) > spaceFor(nvRegion, false)) {
    return refuse(EfiCode.OutOfResources, Reason.NoRoomForLanguagePair);
  }
  memory.copy(VALUE_BUFFER, value, bytes);
  store<u8>(VALUE_BUFFER + bytes, 0);
  partnerDraft.attributes = NON_VOLATILE | BOOTSERVICE_ACCESS | RUNTIME_ACCESS;
  partnerDraft.data = VALUE_BUFFER;
  partnerDraft.dataBytes = bytes + 1;
  partnerDraft.stamp = 0;
  return update(partnerDraft, find(partnerDraft));
}

/** Bytes of a string: up to a NUL or the end. */
function stringBytes(text: usize, limit: u32): u32 {
  let bytes: u32 = 0;
  while (bytes < limit && load<u8>(text + bytes) !== 0) bytes++;
  return bytes;
}

/** Bytes of a language tag: up to a semicolon, a NUL or the end. */
function tagBytes(text: usize, limit: u32): u32 {
  let bytes: u32 = 0;
  while (bytes < limit && load<u8>(text + bytes) !== 0 && load<u8>(text + bytes) !== SEMICOLON) bytes++;
  return bytes;
}

function skipSeparators(list: usize, limit: u32, from: u32): u32 {
  let at = from;
  while (at < limit && load<u8>(list + at) === SEMICOLON) at++;
  return at;
}
