/** xenefi/crypto: signatures with Node's own cryptography. This file only re-exports. */
export {
  type AuthenticatedWrite,
  parseSignedFile,
  type SignedFile,
  type Signer,
  signedMessage,
  unsigned,
  withDescriptor,
} from "./authenticated-write.ts";
export { identityOf, readCertificateFile, readIdentity, readKey } from "./identity.ts";
export { imageDigest, isImage } from "./image-digest.ts";
export { nodeVerifier } from "./node-verifier.ts";
export { type Identity, type SigningOptions, signMessage, signVariable } from "./signer.ts";
export { NO_VERIFIER, type Signed, type Verifier } from "./verifier.ts";
