import { Command } from "commander";
import { attributesText } from "../../attributes.ts";
import { Client } from "../../client.ts";
import type { StoreFile } from "../../files/store-file.ts";
import { attachStore, ownerOf } from "../../files/store-machine.ts";
import { liveEntries } from "../../formats/edk2-store.ts";
import { formatNamed } from "../../formats/index.ts";
import { secureBootStatus } from "../../secure-boot/status.ts";
import type { Io } from "../io.ts";
import { jsonLine } from "../json.ts";
import { addMapOptions, type MapOptions, mapStore, printMap } from "../map.ts";
import { addStore, logOf, named, openStore, type StoreOptions } from "../store.ts";
import { table } from "../table.ts";

/** Attribute classes that QueryVariableInfo tells apart: NV+BS+RT, BS+RT, NV+BS+RT+AT. */
const CLASSES = [0x07, 0x06, 0x27];

/** `xenefi info STORE`: format, layout, space and modes. */
export function infoCommand(io: Io): Command {
  const command = addStore(new Command("info").description("what a store is, how full it is, its Secure Boot state"));
  return addMapOptions(command).action((path: string, _: MapOptions, self: Command) => {
    const options = self.optsWithGlobals<StoreOptions & MapOptions>();
    const store = openStore(path, options);
    const facts = named(path, () => factsOf(store));
    const map = mapStore(store, options);
    if (options.json) {
      io.out(jsonLine({ schema: "xenefi.info/1", file: path, ...facts, ...(map ? { map } : {}) }));
      return;
    }
    io.out(describe(facts, store));
    if (map) io.out(`\n${printMap(map, io)}`);
  });
}

type Facts = ReturnType<typeof factsOf>;

function factsOf(store: StoreFile) {
  const machine = attachStore(store);
  const client = new Client(machine);
  const query = CLASSES.map((attributes) => {
    const { statusName, maxStoreSize, remainStoreSize, maxSize } = client.queryVariableInfo(attributes);
    const sizes = { maxStoreSize, remainStoreSize, maxSize };
    return { attr: attributes, status: statusName, ...mapValues(sizes, (value) => `0x${value.toString(16)}`) };
  });
  const { enabled, mode } = secureBootStatus(machine.variables());
  return {
    format: store.format,
    layout: ownerOf(store).name,
    bytes: bytesOf(store),
    variables: store.variables.length,
    dataBytes: sum(store.variables.map(({ data }) => data.length)),
    query,
    secureBoot: { enabled, mode, setupMode: mode === "setup" },
    ...volumeFacts(store),
  };
}

/** What only a flash image has: areas, and records that no longer count. */
interface VolumeFacts {
  records: "authenticated" | "plain";
  volumeOffset: number;
  volumeBytes: number;
  variableAreaBytes: number;
  ftwWorkOffset: number;
  ftwSpareOffset: number;
  deadRecords: number;
  liveBytes: number;
  deadBytes: number;
}

function volumeFacts(store: StoreFile): VolumeFacts | { records?: undefined } {
  const found = logOf(store);
  if (found === undefined) return {};
  const { volume, log } = found;
  const { geometry } = volume;
  const alive = liveEntries(log);
  return {
    records: volume.authenticated ? "authenticated" : "plain",
    volumeOffset: volume.offset,
    volumeBytes: geometry.volumeBytes,
    variableAreaBytes: geometry.storeEnd,
    ftwWorkOffset: geometry.workOffset,
    ftwSpareOffset: geometry.spareOffset,
    deadRecords: log.length - alive.length,
    liveBytes: sum(alive.map(({ bytes }) => bytes)),
    deadBytes: sum(log.map(({ bytes }) => bytes)) - sum(alive.map(({ bytes }) => bytes)),
  };
}

function describe(facts: Facts, store: StoreFile): string {
  const { enabled, mode } = facts.secureBoot;
  const rows = [
    ["format", formatNamed(store.format).title],
    ["size", `${facts.bytes} bytes${store.container === "file" ? "" : ` (${store.container})`}`],
    ...volumeRows(facts),
    ["variables", `${facts.variables}, ${facts.dataBytes} bytes of data`],
    ["firmware", `${facts.layout}, whose limits these are`],
    ["Secure Boot", `${enabled ? "on" : "off"}, ${mode} mode`],
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

function volumeRows(facts: Facts): string[][] {
  if (facts.records === undefined) return [];
  const hex = (value: number) => `0x${value.toString(16)}`;
  return [
    ["flash", `volume of ${hex(facts.volumeBytes)} bytes at ${hex(facts.volumeOffset)}, ${facts.records} records`],
    [
      "areas",
      `variables to ${hex(facts.variableAreaBytes)}, FTW work ${hex(facts.ftwWorkOffset)}, spare ${hex(facts.ftwSpareOffset)}`,
    ],
    [
      "records",
      `${facts.variables} live (${facts.liveBytes} bytes), ${facts.deadRecords} dead (${facts.deadBytes} bytes)`,
    ],
  ];
}

function bytesOf({ content }: StoreFile): number {
  return content instanceof Uint8Array ? content.length : sum([...content.values()].map((file) => file.length));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function mapValues<K extends string, A, B>(object: Record<K, A>, map: (value: A) => B): Record<K, B> {
  return Object.fromEntries(Object.entries<A>(object).map(([key, value]) => [key, map(value)])) as Record<K, B>;
}
