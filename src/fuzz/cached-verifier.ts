import { areSameBytes } from "../bytes.ts";
import type { Signed, Verifier } from "../crypto/verifier.ts";

/** FNV-1a, 32 bits. */
const FNV_BASIS = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const NOTHING = new Uint8Array(0);

interface Answer<T> {
  question: readonly Uint8Array[];
  answer: T;
}

/**
 * A verifier that asks another one, and keeps its last answers: at most `places` (a power of two) of each kind. An answer
 * stands for the same bytes and no others, so what is kept shows in nothing but time.
 */
export function cachedVerifier(verifier: Verifier, places: number): Verifier {
  const signers = new Answers<Signed | undefined>(places);
  const keys = new Answers<boolean>(places);
  return {
    verify(signature, message, trusted) {
      // A trusted certificate of no bytes is none, but differs from trusting the signer's own.
      const question = trusted === undefined ? [signature, message] : [signature, message, trusted];
      return signers.get(question, () => verifier.verify(signature, message, trusted));
    },
    hasRsaKey: (certificate) => keys.get([certificate], () => verifier.hasRsaKey(certificate)),
  };
}

/** Answers, each in the one place that its question's hash names. */
class Answers<T> {
  readonly #places: (Answer<T> | undefined)[];

  constructor(places: number) {
    this.#places = Array.from({ length: places }, () => undefined);
  }

  get(question: readonly Uint8Array[], ask: () => T): T {
    const place = hashOf(question) & (this.#places.length - 1);
    const kept = this.#places[place];
    if (kept !== undefined && isSame(kept.question, question)) return kept.answer;
    const answer = ask();
    this.#places[place] = { question: question.map((part) => part.slice()), answer };
    return answer;
  }
}

function isSame(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((part, i) => areSameBytes(part, b[i] ?? NOTHING));
}

function hashOf(parts: readonly Uint8Array[]): number {
  let hash = FNV_BASIS;
  for (const part of parts) for (const byte of part) hash = Math.imul(hash ^ byte, FNV_PRIME);
  // The lowest bits of FNV depend on the lowest bits of the bytes alone.
  return hash ^ (hash >>> 15);
}
