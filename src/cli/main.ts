#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { processIo } from "./process-io.ts";
import { asksVersion, versionText } from "./version.ts";

const args = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(new URL(import.meta.resolve("xenefi/package.json")), "utf8"));
const io = processIo(process.argv);
// Most of the time that this takes would go into modules that it has no use for.
if (asksVersion(args)) io.out(versionText(version));
else process.exitCode = await (await import("./run.ts")).run(args, io, version);
