#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { processIo } from "./process-io.ts";
import { run } from "./run.ts";

const { version } = JSON.parse(readFileSync(new URL(import.meta.resolve("xenefi/package.json")), "utf8"));
process.exitCode = await run(process.argv.slice(2), processIo(process.argv), version);
