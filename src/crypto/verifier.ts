/** What is known of a signature that is valid. */
export interface Signed {
  /** The signer's own certificate, DER; of several signers the first one's. */
  signer: Uint8Array;
  /** What certdb keeps of the signer: a digest over its common name and its certificate's TBSCertificate. */
  digest: Uint8Array;
}

/**
 * Checks signatures for a machine; synchronous, for a hypercall answers at once. It runs in the middle of that call, which
 * reads guest memory before and after it: it must neither change guest memory nor call the machine.
 */
export interface Verifier {
  /**
   * The signer of a valid detached CMS SignedData (DER, with or without ContentInfo) over the message, or undefined.
   * `trusted` is the certificate (DER) that the signer's chain must reach; undefined: the signer's own will do.
   */
  verify(signature: Uint8Array, message: Uint8Array, trusted: Uint8Array | undefined): Signed | undefined;
  /** True for an X.509 certificate (DER) with an RSA key. */
  hasRsaKey(certificate: Uint8Array): boolean;
}

/** Accepts nothing: what a machine without a verifier has. */
export const NO_VERIFIER: Verifier = { verify: () => undefined, hasRsaKey: () => false };
