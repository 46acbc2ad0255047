import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Where .ci/backports puts what it unpacks. */
const BACKPORTS = fileURLToPath(new URL("../../../build/backports", import.meta.url));

/** Debian's arm64 kernel, where .ci/arm64-kernel puts it. */
export const ARM64_KERNEL = fileURLToPath(new URL("../../../build/arm64-kernel/Image", import.meta.url));

/** QEMU 10, whose libraries and firmware files are those of the installed one. */
export const QEMU10 = join(BACKPORTS, "usr/bin/qemu-system-x86_64");
/** Its modules; one of them is the uefi-vars device. */
export const QEMU10_MODULES = join(BACKPORTS, "usr/lib/x86_64-linux-gnu/qemu");

/** The Debian packages that tests need, and what they need of them: programs by name, files by path. */
export const PACKAGES = {
  chromium: ["chromium"],
  "clang-19": ["clang-19"],
  "device-tree-compiler": ["dtc", "fdtdump", "fdtget"],
  dosfstools: ["mkfs.vfat"],
  efibootmgr: ["efibootmgr"],
  efitools: [
    "/usr/lib/efitools",
    "cert-to-efi-hash-list",
    "cert-to-efi-sig-list",
    "hash-to-efi-sig-list",
    "sig-list-to-certs",
    "sign-efi-sig-list",
  ],
  efivar: ["efivar"],
  fdisk: ["sfdisk"],
  gcc: ["gcc"],
  "libcmocka-dev": ["/usr/include/cmocka.h"],
  "libfdt-dev": ["/usr/include/libfdt.h"],
  "linux-image-arm64": [ARM64_KERNEL],
  "linux-source-6.1": ["/usr/src/linux-source-6.1.tar.xz"],
  "linux-source-6.12": ["/usr/src/linux-source-6.12.tar.xz"],
  "lld-19": ["wasm-ld-19"],
  mtools: ["mcopy"],
  openssl: ["openssl"],
  ovmf: ["/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"],
  python3: ["python3"],
  "python3-virt-firmware": ["virt-fw-vars"],
  "qemu-efi-aarch64": ["/usr/share/AAVMF/AAVMF_CODE.fd"],
  "qemu-system-common": [QEMU10, join(QEMU10_MODULES, "hw-uefi-vars.so")],
  "qemu-system-arm": ["qemu-system-aarch64"],
  "qemu-system-x86": ["qemu-system-x86_64"],
  sbsigntool: ["sbkeysync", "sbsiglist", "sbsign", "sbvarsign"],
  "u-boot-qemu": ["/usr/lib/u-boot/qemu_arm64/u-boot.bin"],
  tar: ["tar"],
  "uefitool-cli": ["UEFIExtract"],
  valgrind: ["valgrind", "/usr/include/valgrind/callgrind.h"],
  wabt: ["wasm2c", "wat2wasm"],
  "xz-utils": ["xz"],
} as const;

export type Package = keyof typeof PACKAGES;
export type Tool = (typeof PACKAGES)[Package][number];

/** The tools in their packages' folders; the system's come first. */
export const PATH = [process.env.PATH, "/usr/sbin", join(BACKPORTS, "usr/bin")].join(":");
/** Where Python finds their modules. */
export const PYTHONPATH = join(BACKPORTS, "usr/lib/python3/dist-packages");

/** What of a package is not there, each with how to get it. */
export function missing(name: Package): string[] {
  const how = UNPACKED[name] ?? `apt-get install ${name}`;
  return PACKAGES[name].filter((tool: Tool) => !isThere(tool)).map((tool) => `${tool} is missing: ${how}`);
}

/** Packages that are not installed, but unpacked by a script. */
export const UNPACKED: Partial<Record<Package, string>> = {
  "linux-image-arm64": ".ci/arm64-kernel",
  "python3-virt-firmware": ".ci/backports",
  "qemu-system-common": ".ci/backports",
};

function isThere(tool: Tool): boolean {
  return PATH.split(":").some((folder) => existsSync(resolve(folder, tool)));
}
