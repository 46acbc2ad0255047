import { ipv4, ipv6, macAddress, nameServers, protocol } from "./node-address.ts";
import {
  bare,
  bigEndian,
  choice,
  decimal,
  guid,
  hexRest,
  prefixed,
  separated,
  textRest,
  ucs2Rest,
  word,
} from "./node-field.ts";
import { guidMark, layout, MESSAGING, mark } from "./node-layout.ts";
import { sasTopology } from "./sas-topology.ts";

const SAS = "d487ddb4-008b-11d9-afdc-001083ffca4d";
const PARITIES = [..."DNEOMS"].map((letter, value) => [value, letter] as const);
const STOP_BITS = ["D", "1", "1.5", "2"].map((text, value) => [value, text] as const);
const FLOW_CONTROLS = ["None", "Hardware", "XonXoff"].map((text, value) => [value, text] as const);

/** Messaging nodes of the vendor type that have a name of their own (UEFI 2.10, 10.3.5.16 to 10.3.5.18). */
const VENDOR_MESSAGES = [
  ["VenPcAnsi", "e0c14753-f9be-11d2-9a0c-0090273fc14d"],
  ["VenVt100", "dfa66065-b419-11d3-9a2d-0090273fc14d"],
  ["VenVt100Plus", "7baec70b-57e0-4c76-8e87-2f9e28088343"],
  ["VenUtf8", "ad15a0d6-8bec-4acf-a073-d01de77e2d88"],
  ["DebugPort", "eba4e8d2-3858-41ec-a281-2647ba9660d0"],
] as const;

const USB_CLASSES = [
  ["UsbAudio", 1],
  ["UsbCDCControl", 2],
  ["UsbHID", 3],
  ["UsbImage", 6],
  ["UsbPrinter", 7],
  ["UsbMassStorage", 8],
  ["UsbHub", 9],
  ["UsbCDCData", 10],
  ["UsbSmartCard", 11],
  ["UsbVideo", 14],
  ["UsbDiagnostic", 220],
] as const;
/** Class 254 is told by its subclass. */
const USB_SUBCLASSES = [
  ["UsbDeviceFirmwareUpdate", 1],
  ["UsbIrdaBridge", 2],
  ["UsbTestAndMeasurement", 3],
] as const;
const usbIds = [prefixed(0, 2), prefixed(2, 2)];

const IPV4_ORIGIN = choice(
  14,
  1,
  [
    [0, "DHCP"],
    [1, "Static"],
  ],
  decimal(14, 1),
);
const IPV6_ORIGIN = choice(
  38,
  1,
  [
    [0, "Static"],
    [1, "StatelessAutoConfigure"],
    [2, "StatefulAutoConfigure"],
  ],
  prefixed(38, 1),
);
const ipv4Ends = [ipv4(4, 10), protocol(12), IPV4_ORIGIN, ipv4(0, 8)];
const ipv6Ends = [ipv6(16, 34), protocol(36), IPV6_ORIGIN, ipv6(0, 32)];

/** Login options of an iSCSI node, at 2: digests, authentication and its kind. */
const digest = (bit: number) =>
  choice(
    2,
    2,
    [
      [0, "None"],
      [bit, "CRC32"],
    ],
    word("None"),
    bit,
  );
const authentication = choice(
  2,
  2,
  [
    [0x0800, "None"],
    [0x1800, "None"],
    [0x1000, "CHAP_UNI"],
    [0x0000, "CHAP_BI"],
  ],
  word("None"),
  0x1800,
);
/** Protocol 0 is TCP, there is no other. */
const iscsiProtocol = choice(
  0,
  2,
  [
    [0, "TCP"],
    [1, "Unknown"],
  ],
  word("Unknown"),
);

/** UEFI 2.10, 10.3.4 (messaging). */
export const MESSAGING_NODES = [
  layout("Ata", MESSAGING, 1, 4, [decimal(0, 1), decimal(1, 1), decimal(2, 2)]),
  layout("SCSI", MESSAGING, 2, 4, [decimal(0, 2), decimal(2, 2)]),
  layout("Fibre", MESSAGING, 3, 20, [bare(4, 8), bare(12, 8)]),
  layout("I1394", MESSAGING, 4, 12, [prefixed(4, 8)]),
  layout("USB", MESSAGING, 5, 2, [decimal(0, 1), decimal(1, 1)]),
  layout("I2O", MESSAGING, 6, 4, [decimal(0, 4)]),
  layout("Infiniband", MESSAGING, 9, 44, [bare(0, 4, 8), bare(4, 16), bare(20, 8), decimal(28, 8), decimal(36, 8)]),
  ...VENDOR_MESSAGES.map(([name, id]) => layout(name, MESSAGING, 10, 16, [hexRest(16)], [guidMark(id)])),
  layout(
    "UartFlowControl",
    MESSAGING,
    10,
    20,
    [choice(16, 4, FLOW_CONTROLS, decimal(16, 4), 0xffffffff)],
    [guidMark("37499a9d-542f-4c89-a026-35da142094e4")],
  ),
  layout("SAS", MESSAGING, 10, 40, [bare(20, 8), bare(28, 8), bare(38, 2), sasTopology(36)], [guidMark(SAS)]),
  layout("VenMsg", MESSAGING, 10, 16, [guid(0), hexRest(16)]),
  layout("MAC", MESSAGING, 11, 33, [macAddress, decimal(32, 1)]),
  layout("IPv4", MESSAGING, 12, 23, [...ipv4Ends, ipv4(15), ipv4(19)]),
  layout("IPv4", MESSAGING, 12, 15, ipv4Ends),
  layout("IPv6", MESSAGING, 13, 56, [...ipv6Ends, ipv6(40), decimal(39, 1)]),
  layout("IPv6", MESSAGING, 13, 39, ipv6Ends),
  layout("Uart", MESSAGING, 14, 15, [
    decimal(4, 8, "115200"),
    decimal(12, 1, "8"),
    choice(13, 1, PARITIES, decimal(13, 1)),
    choice(14, 1, STOP_BITS, decimal(14, 1)),
  ]),
  ...USB_CLASSES.map(([name, value]) =>
    layout(name, MESSAGING, 15, 7, [...usbIds, decimal(5, 1), decimal(6, 1)], [mark(4, 1, value)]),
  ),
  ...USB_SUBCLASSES.map(([name, value]) =>
    layout(name, MESSAGING, 15, 7, [...usbIds, decimal(6, 1)], [mark(4, 1, 254), mark(5, 1, value)]),
  ),
  layout("UsbClass", MESSAGING, 15, 7, [bare(0, 2), bare(2, 2), decimal(5, 1), decimal(6, 1)]),
  layout("UsbWwid", MESSAGING, 16, 6, [bare(2, 2), bare(4, 2), decimal(0, 2), ucs2Rest(6, false)]),
  layout("Unit", MESSAGING, 17, 1, [decimal(0, 1)]),
  layout("Sata", MESSAGING, 18, 6, [decimal(0, 2), decimal(2, 2), decimal(4, 2)]),
  layout("iSCSI", MESSAGING, 19, 14, [
    textRest(14, true),
    decimal(12, 2),
    bigEndian(prefixed, 4, 8),
    digest(0x0002),
    digest(0x0008),
    authentication,
    iscsiProtocol,
  ]),
  layout("Vlan", MESSAGING, 20, 2, [decimal(0, 2)]),
  layout("Fibre", MESSAGING, 21, 20, [bigEndian(bare, 4, 8), bigEndian(bare, 12, 8)]),
  layout("SasEx", MESSAGING, 22, 20, [bigEndian(bare, 0, 8), bigEndian(bare, 8, 8), bare(18, 2), sasTopology(16)]),
  layout("NVMe", MESSAGING, 23, 12, [prefixed(0, 4), separated(4, 8, "-", true)]),
  layout("Uri", MESSAGING, 24, 0, [textRest(0, false)]),
  layout("UFS", MESSAGING, 25, 2, [decimal(0, 1), prefixed(1, 1, 2)]),
  layout("SD", MESSAGING, 26, 1, [decimal(0, 1)]),
  layout("Bluetooth", MESSAGING, 27, 6, [separated(0, 6, ":")]),
  layout("Wi-Fi", MESSAGING, 28, 32, [separated(0, 32, ":")]),
  layout("eMMC", MESSAGING, 29, 1, [decimal(0, 1)]),
  layout("BluetoothLE", MESSAGING, 30, 7, [separated(0, 6, ":"), decimal(6, 1)]),
  layout("Dns", MESSAGING, 31, 1, [nameServers]),
  layout("NVDIMM", MESSAGING, 32, 16, [guid(0)]),
];
