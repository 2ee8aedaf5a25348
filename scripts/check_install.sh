#!/usr/bin/env bash
# Installs a build into a temporary folder and uses it from there: check_install.sh FOLDER
# A C program through pkg-config, a C++ program with every header, the program nsde and its manual page.
set -euo pipefail
cd "$(dirname "$0")/.."

where=$(mktemp -d)
trap 'rm -rf "$where"' EXIT
DESTDIR=$where meson install -C "$1" --no-rebuild --quiet
pc=$(find "$where" -name nsde.pc)
lib=$(dirname "$(dirname "$pc")")
prefix=${lib%/lib*}
export PKG_CONFIG_PATH=$lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=
flags=$(pkg-config --define-variable=prefix="$prefix" --cflags --libs nsde)

{ for header in "$prefix"/include/nsde/*.h; do echo "#include <nsde/$(basename "$header")>"; done
  echo 'int main() { return nsde_version()[0] == 0; }'; } >"$where/all.cc"
# shellcheck disable=SC2086 # the flags are words
g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror "$where/all.cc" $flags -o "$where/all"
LD_LIBRARY_PATH=$lib "$where/all"

# shellcheck disable=SC2086
cc -std=c11 -Wall -Wextra -Wpedantic -Werror examples/first.c $flags -o "$where/first"
LD_LIBRARY_PATH=$lib "$where/first" >"$where/first.out"
diff examples/first.out "$where/first.out"

LD_LIBRARY_PATH=$lib "$prefix/bin/nsde" --version
test -s "$prefix/share/man/man1/nsde.1"
# what is exported is what the headers declare
nm -D --defined-only "$lib"/libnsde.so | awk '$3 !~ /^nsde_/ {print "exported: " $3; bad = 1} END {exit bad}'
