import { expect, test, vi } from "vitest";
import type { Verifier } from "../../src/crypto/verifier.ts";
import { cachedVerifier } from "../../src/fuzz/cached-verifier.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

/** A verifier whose answer tells the question, and what it was asked. */
function makeVerifier() {
  const answer: Verifier = {
    verify: (signature, message, trusted) =>
      signature.length === 0 ? undefined : { signer: signature.slice(), digest: (trusted ?? message).slice() },
    hasRsaKey: (certificate) => certificate[0] === 1,
  };
  return { verify: vi.fn(answer.verify), hasRsaKey: vi.fn(answer.hasRsaKey) };
}

test("the same question is asked once, whatever its answer", () => {
  const asked = makeVerifier();
  const verifier = cachedVerifier(asked, 0x1000);
  for (let i = 0; i < 3; i++) {
    expect(verifier.verify(bytes(1), bytes(2), bytes(3))).toEqual({ signer: bytes(1), digest: bytes(3) });
    expect(verifier.verify(bytes(), bytes(2), bytes(3))).toBeUndefined();
    expect(verifier.hasRsaKey(bytes(1))).toBe(true);
    expect(verifier.hasRsaKey(bytes(2))).toBe(false);
  }
  expect(asked.verify).toHaveBeenCalledTimes(2);
  expect(asked.hasRsaKey).toHaveBeenCalledTimes(2);
});

test.each<[string, Uint8Array, Uint8Array, Uint8Array | undefined]>([
  ["signature", bytes(9), bytes(2), bytes(3)],
  ["message", bytes(1), bytes(9), bytes(3)],
  ["trusted certificate", bytes(1), bytes(2), bytes(9)],
  ["trusted certificate of no bytes", bytes(1), bytes(2), bytes()],
  ["trust in the signer's own", bytes(1), bytes(2), undefined],
  ["border between signature and message", bytes(1, 2), bytes(), bytes(3)],
])("a question with another %s is another question, in the same place too", (_, signature, message, trusted) => {
  const asked = makeVerifier();
  const verifier = cachedVerifier(asked, 1);
  verifier.verify(bytes(1), bytes(2), bytes(3));
  expect(verifier.verify(signature, message, trusted)).toEqual(asked.verify(signature, message, trusted));
  expect(asked.verify.mock.calls[1]).toEqual([signature, message, trusted]);
});

test("no more answers are kept than there are places", () => {
  const asked = makeVerifier();
  const verifier = cachedVerifier(asked, 8);
  const ask = () => {
    for (let i = 0; i < 64; i++) expect(verifier.hasRsaKey(bytes(1, i))).toBe(true);
  };
  ask();
  ask();
  expect(asked.hasRsaKey.mock.calls.length).toBeGreaterThanOrEqual(64 + 56);
});

test("what the asker does with its bytes afterwards changes no answer", () => {
  const asked = makeVerifier();
  const verifier = cachedVerifier(asked, 1);
  const certificate = bytes(1);
  verifier.hasRsaKey(certificate);
  certificate[0] = 2;
  expect(verifier.hasRsaKey(certificate)).toBe(false);
  expect(verifier.hasRsaKey(bytes(1))).toBe(true);
});
