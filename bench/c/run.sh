#!/bin/sh
# Compiles bench.c and runs it: with reserved addresses for the core's memory, and with checks at each access.
set -eu

here=$(dirname "$0")
program=$(mktemp)
trap 'rm -f "$program"' EXIT
echo "GetVariable of 64 bytes, p20, against the core's own window"
for checks in 1 0; do
	"${CC:-cc}" -std=gnu11 -O2 -DWASM_RT_MEMCHECK_SIGNAL_HANDLER=$checks -I "$here/../../c" "$here/bench.c" -o "$program" -lm
	echo "WASM_RT_MEMCHECK_SIGNAL_HANDLER=$checks"
	"$program"
done
