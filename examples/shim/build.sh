#!/bin/sh
# Builds shim.c, or another file, as build/shim.wasm: sh build.sh [FILE.c]
# CLANG and WASM_LD name other tools.
set -eu
cd "$(dirname "$0")"

tool() {
	command -v "$1" || command -v "$2" || {
		echo "build.sh: $1 is missing: apt-get install clang-19 lld-19" >&2
		exit 1
	}
}
clang=$(tool "${CLANG:-clang-19}" "${CLANG:-clang}")
ld=$(tool "${WASM_LD:-wasm-ld-19}" "${WASM_LD:-wasm-ld}")

mkdir -p build
"$clang" --target=wasm32 -ffreestanding -nostdlib -std=gnu11 -O2 -Wall -fno-strict-aliasing -mbulk-memory -mmutable-globals \
	"-fuse-ld=$ld" -Wl,--no-entry,--export-dynamic,--allow-undefined,--export=__stack_pointer "${1:-shim.c}" -o build/shim.wasm
