#!/bin/sh
# Builds Linux's Xen EFI shim, unmodified, for tests: build.sh KERNEL ABI OUTPUT [COMPILER ARGUMENT]...
#
#   KERNEL  a kernel source tree, such as an unpacked Debian linux-source package
#   ABI     arm32: wasm32 with Arm headers; x86_32: wasm32 with x86 headers and the compat layout;
#           x86_64: the computer's own processor with x86 headers
#   OUTPUT  a .wasm file; for x86_64 a .o or .so file
#
# Further arguments go to the compiler in front of the own ones: C files of yours, -I with headers to prefer.
# CLANG and WASM_LD name the tools for wasm, CC the compiler for x86_64.
set -eu

here=$(dirname "$0")
fail() {
	echo "build.sh: $*" >&2
	exit 1
}

[ $# -ge 3 ] || fail "usage: build.sh KERNEL arm32|x86_32|x86_64 OUTPUT [COMPILER ARGUMENT]..."
kernel=$1 abi=$2 output=$3
shift 3

# The first of these commands that there is.
first() {
	for command; do
		if command -v "$command" >/dev/null; then
			echo "$command"
			return
		fi
	done
	return 1
}

need() {
	[ -e "$kernel/$1" ] || fail "$kernel/$1 is missing: is $kernel a Linux source tree?"
}

need drivers/xen/efi.c
need include/xen/interface/platform.h
set -- "$@" "$here/glue.c" "$kernel/drivers/xen/efi.c"
case $abi in
arm32)
	need include/xen/arm/interface.h
	need arch/arm/include/asm/xen/interface.h
	headers=$kernel/arch/arm/include
	;;
x86_32 | x86_64)
	need arch/x86/xen/efi.c
	need arch/x86/include/asm/xen/interface.h
	need arch/x86/include/asm/pvclock-abi.h
	need arch/x86/include/asm/emulate_prefix.h
	headers=$kernel/arch/x86/include
	set -- "$@" "$kernel/arch/x86/xen/efi.c" -I "$here/include-x86"
	;;
*) fail "ABI: arm32, x86_32 or x86_64, not $abi" ;;
esac
# The kernel's headers come last: only those that are not here are its own.
set -- -std=gnu11 -g0 -fshort-wchar -fno-strict-aliasing -nostdinc -Werror=implicit-function-declaration \
	-Werror=incompatible-pointer-types "$@" -I "$here/include" -idirafter "$kernel/include" -idirafter "$headers"

if [ "$abi" = x86_64 ]; then
	cc=$(first "${CC:-cc}") || fail "${CC:-cc} is missing: a C compiler, such as Debian's gcc"
	case $output in
	*.so) exec "$cc" -O2 -fPIC -shared "$@" -o "$output" ;;
	*.o) exec "$cc" -O2 -fPIC -r -nostdlib "$@" -o "$output" ;;
	*) fail "OUTPUT: a .o or .so file, not $output" ;;
	esac
fi

clang=$(first ${CLANG:-clang-19 clang}) || fail "${CLANG:-clang-19} is missing: Debian's clang-19"
ld=$(first ${WASM_LD:-wasm-ld-19 wasm-ld}) || fail "${WASM_LD:-wasm-ld-19} is missing: Debian's lld-19"
[ "$abi" != x86_32 ] || set -- -D__i386__ "$@"
# The driver that sees -O2 runs a wasm-opt where there is one in PATH, and what it makes depends on that.
exec "$clang" --target=wasm32 -Xclang -O2 -ffreestanding -nostdlib -mbulk-memory -mmutable-globals "-fuse-ld=$(command -v "$ld")" "$@" \
	-Wl,--no-entry,--allow-undefined,--export=__stack_pointer,--export=xen_efi_runtime_setup \
	-Wl,--export-if-defined=efi_mem_desc_lookup,--export-if-defined=xen_efi_config_table_is_usable -o "$output"
