import { Command } from "commander";
import { attributesText } from "../../attributes.ts";
import { Client } from "../../client.ts";
import { GLOBAL_GUID } from "../../guid.ts";
import type { Globals, Io } from "../io.ts";
import { attachStore, openStore, policyOf, type StoreFile } from "../store.ts";
import { table } from "../table.ts";

/** Attribute classes that QueryVariableInfo tells apart: NV+BS+RT, BS+RT, NV+BS+RT+AT. */
const CLASSES = [0x07, 0x06, 0x27];

/** `xenefi info STORE`: format, layout, space and modes. */
export function infoCommand(io: Io): Command {
  return new Command("info")
    .description("what a store is, how full it is, and its Secure Boot state")
    .argument("<store>", "variable store file (.fd), - for standard input")
    .action((path: string, _: Globals, command: Command) => {
      const store = openStore(path);
      const facts = factsOf(store);
      if (command.optsWithGlobals<Globals>().json) {
        io.out(`${JSON.stringify({ schema: "xenefi.info/1", file: path, ...facts })}\n`);
        return;
      }
      io.out(describe(facts));
    });
}

type Facts = ReturnType<typeof factsOf>;

function factsOf(store: StoreFile) {
  const { volume, log, live } = store;
  const { geometry } = volume;
  const machine = attachStore(store);
  const client = new Client(machine);
  const query = CLASSES.map((attributes) => {
    const { statusName, maxStoreSize, remainStoreSize, maxSize } = client.queryVariableInfo(attributes);
    const sizes = { maxStoreSize, remainStoreSize, maxSize };
    return { attr: attributes, status: statusName, ...mapValues(sizes, (value) => `0x${value.toString(16)}`) };
  });
  const mode = (name: string) => client.getVariable(name, GLOBAL_GUID).data?.[0] === 1;
  const sum = (entries: readonly { bytes: number }[]) => entries.reduce((bytes, entry) => bytes + entry.bytes, 0);
  return {
    format: "edk2",
    layout: policyOf(volume).name,
    records: volume.authenticated ? "authenticated" : "plain",
    fileBytes: store.bytes.length,
    volumeOffset: volume.offset,
    volumeBytes: geometry.volumeBytes,
    variableAreaBytes: geometry.storeEnd,
    ftwWorkOffset: geometry.workOffset,
    ftwSpareOffset: geometry.spareOffset,
    variables: live.length,
    deadRecords: log.length - live.length,
    liveBytes: sum(live),
    deadBytes: sum(log) - sum(live),
    query,
    secureBoot: { enabled: mode("SecureBoot"), setupMode: mode("SetupMode") },
  };
}

function describe(facts: Facts): string {
  const hex = (value: number) => `0x${value.toString(16)}`;
  const rows = [
    ["format", `edk2 firmware volume, ${facts.records} variable store, layout ${facts.layout}`],
    ["file", `${hex(facts.fileBytes)} bytes; volume of ${hex(facts.volumeBytes)} at ${hex(facts.volumeOffset)}`],
    [
      "areas",
      `variables to ${hex(facts.variableAreaBytes)}, FTW work ${hex(facts.ftwWorkOffset)}, spare ${hex(facts.ftwSpareOffset)}`,
    ],
    [
      "records",
      `${facts.variables} live (${facts.liveBytes} bytes), ${facts.deadRecords} dead (${facts.deadBytes} bytes)`,
    ],
    [
      "Secure Boot",
      `${facts.secureBoot.enabled ? "on" : "off"}, ${facts.secureBoot.setupMode ? "setup" : "user"} mode`,
    ],
  ];
  const space = facts.query.map((row) => [
    attributesText(row.attr),
    row.status,
    String(Number(row.maxStoreSize)),
    String(Number(row.remainStoreSize)),
    String(Number(row.maxSize)),
  ]);
  const head = ["QueryVariableInfo", "status", "store bytes", "free bytes", "largest variable"];
  return `${table(rows)}\n${table([head, ...space])}`;
}

function mapValues<K extends string, A, B>(object: Record<K, A>, map: (value: A) => B): Record<K, B> {
  return Object.fromEntries(Object.entries<A>(object).map(([key, value]) => [key, map(value)])) as Record<K, B>;
}
