// Writes src/fuzz/auth-data.ts, what the authentication fuzzer writes (scripts/auth-payloads.mjs), as JSON with bytes in
// hexadecimal, packed (RFC 1950) and as base64 text: npm run build && node scripts/make-auth-payloads.mjs
import { writeFileSync } from "node:fs";
import { deflate } from "../dist/src/formats/zlib.js";
import { toHex } from "../dist/src/hex.js";
import { AUTH_DATA } from "./auth-payloads.mjs";

const json = JSON.stringify(AUTH_DATA, (_, value) => (ArrayBuffer.isView(value) ? toHex(value) : value));
const text = Buffer.from(deflate(new TextEncoder().encode(json))).toString("base64");
const comment = "/** Made by scripts/make-auth-payloads.mjs: a zlib stream of JSON, as base64 text. */";
const target = new URL("../src/fuzz/auth-data.ts", import.meta.url);
writeFileSync(target, `${comment}\nexport const AUTH_DATA =\n  "${text}";\n`);
