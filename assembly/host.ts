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
