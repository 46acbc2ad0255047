/** What the host lends the core. Imported as module "host"; nothing here is called on a hot path. */

/**
 * Is the CMS SignedData (DER, with or without ContentInfo) at `signature` a valid detached signature over the message?
 * `trusted` is the certificate (DER) that it must lead to; without one (0 bytes) the signer's own is trusted. Out, at
 * `verdict`: u32, 1 if `trusted` is the signer's own certificate; u32 bytes of the digest; the digest that certdb keeps
 * of the signer. All are core addresses, copied before the host parses them.
 *
 * Gives 1 if it is, 0 if it is not, is malformed, or the host has no verifier.
 */
export declare function verify(
  message: usize,
  messageBytes: u32,
  signature: usize,
  signatureBytes: u32,
  trusted: usize,
  trustedBytes: u32,
  verdict: usize,
): i32;

/** Is the X.509 certificate (DER) at this core address one with an RSA key? 1 or 0. */
export declare function hasRsaKey(certificate: usize, certificateBytes: u32): i32;

/**
 * Bytes of flash have changed: `bytes` of them from `offset` on, counted from the volume's first byte. Called where
 * ATTENTION_WRITE_THROUGH is set, after the core's memory has changed and in flash's order. The host may throw: the call
 * in hand then ends where it is, and the core must not be called again.
 */
export declare function flashWritten(offset: u32, bytes: u32): void;

/** What has been written until now must be safe before anything else is. Called where ATTENTION_WRITE_THROUGH is set. */
export declare function flashSync(): void;
