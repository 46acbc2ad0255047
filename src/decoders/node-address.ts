import { fromHex, toHex } from "../hex.ts";
import { choice, decimal, type Field, putBytes, putUnsigned, unsignedAt } from "./node-field.ts";

/** Network addresses in device path nodes: bytes in the order of the wire. */

const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
/** A network interface's address field; Ethernet uses the first 6 bytes. */
const MAC_BYTES = 32;
const ETHERNET_BYTES = 6;
/** Interface types below are Ethernet (UEFI 2.10, 10.3.5.11). */
const OTHER_INTERFACES = 2;

/** MAC address, its type at `MAC_BYTES`: 6 bytes for Ethernet, else the whole field. */
export const macAddress: Field = {
  read: (body) => toHex(body.subarray(0, (body[MAC_BYTES] as number) < OTHER_INTERFACES ? ETHERNET_BYTES : MAC_BYTES)),
  write: (text, body) => {
    const bytes = fromHex(text);
    if (bytes.length !== ETHERNET_BYTES && bytes.length !== MAC_BYTES) {
      throw new SyntaxError(`${JSON.stringify(text)} is not ${ETHERNET_BYTES} or ${MAC_BYTES} bytes`);
    }
    putBytes(body, 0, bytes);
  },
};

/** TCP and UDP by name, other protocols of IP by number. */
export function protocol(at: number): Field {
  return choice(
    at,
    2,
    [
      [6, "TCP"],
      [17, "UDP"],
    ],
    decimal(at, 2),
  );
}

/** "192.168.0.1", with ":80" where there is a port field that is not 0. */
export function ipv4(at: number, port?: number): Field {
  return endpoint(at, ipv4Text, parseIpv4, /^([\d.]+)(?::(\d+))?$/, port);
}

/** "[2001:db8::1]", with ":80" where there is a port field that is not 0. */
export function ipv6(at: number, port?: number): Field {
  return endpoint(at, (bytes) => `[${ipv6Text(bytes)}]`, parseIpv6, /^\[([\da-f:]+)\](?::(\d+))?$/i, port);
}

function endpoint(
  at: number,
  textOf: (bytes: Uint8Array) => string,
  parse: (text: string) => Uint8Array,
  form: RegExp,
  port?: number,
): Field {
  return {
    read: (body) => {
      const number = port === undefined ? 0n : unsignedAt(body, port, 2);
      return textOf(body.subarray(at)) + (number === 0n ? "" : `:${number}`);
    },
    write: (text, body) => {
      const [, address, number = "0"] = form.exec(text) ?? [];
      if (address === undefined) throw new SyntaxError(`${JSON.stringify(text)} is no address`);
      putBytes(body, at, parse(address));
      if (port !== undefined) decimal(port, 2).write(number, body);
    },
  };
}

function ipv4Text(bytes: Uint8Array): string {
  return [...bytes.subarray(0, IPV4_BYTES)].join(".");
}

function parseIpv4(text: string): Uint8Array {
  const parts = text.split(".");
  if (parts.length !== IPV4_BYTES || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    throw new SyntaxError(`${JSON.stringify(text)} is no IPv4 address`);
  }
  return Uint8Array.from(parts, Number);
}

/** The longest run of zero groups, two at least, as "::" (RFC 5952, 4.2). */
function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number)).toString(16),
  );
  const text = groups.join(":");
  const runs = [...text.matchAll(/(?<![\da-f])0(?::0)+(?![\da-f])/g)];
  const longest = runs.reduce<RegExpExecArray | undefined>(
    (best, run) => (run[0].length > (best?.[0].length ?? 0) ? run : best),
    undefined,
  );
  if (longest === undefined) return text;
  const [before, after] = [text.slice(0, longest.index), text.slice(longest.index + longest[0].length)];
  return `${before.replace(/:$/, "")}::${after.replace(/^:/, "")}`;
}

function parseIpv6(text: string): Uint8Array {
  const halves = text.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const [head = [], tail = []] = halves;
  const missing = 8 - head.length - tail.length;
  const groups = [...head, ...new Array<string>(Math.max(missing, 0)).fill("0"), ...tail];
  const complete = halves.length === 2 ? missing > 0 : halves.length === 1 && missing === 0;
  if (!complete || !groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) {
    throw new SyntaxError(`${JSON.stringify(text)} is no IPv6 address`);
  }
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  );
}

/** Addresses of name servers: a byte that is 1 for IPv6, then 16 bytes each, of which IPv4 uses the first 4. */
export const nameServers: Field = {
  read: (body) => {
    const count = Math.floor((body.length - 1) / IPV6_BYTES);
    const kind = body[0] === 0 ? ipv4 : ipv6;
    return Array.from({ length: count }, (_, i) => kind(1 + IPV6_BYTES * i).read(body)).join(",");
  },
  write: (text, body) => {
    const addresses = text === "" ? [] : text.split(",");
    const kind = text.startsWith("[") ? ipv6 : ipv4;
    putUnsigned(body, 0, 1, kind === ipv6 ? 1n : 0n);
    for (const [i, address] of addresses.entries()) {
      const at = 1 + IPV6_BYTES * i;
      putBytes(body, at, new Uint8Array(IPV6_BYTES));
      kind(at).write(address, body);
    }
  },
  greedy: true,
};
