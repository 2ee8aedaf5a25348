#!/usr/bin/env bash
# Installs a build into a temporary folder and uses it from there: check_install.sh FOLDER
# A C program through pkg-config, linked to the shared and to the static library; a C++ program with every header;
# the program nsde and its manual page; the exported names.
set -euo pipefail
cd "$(dirname "$0")/.."

where=$(mktemp -d)
trap 'rm -rf "$where"' EXIT
DESTDIR=$where meson install -C "$1" --no-rebuild --quiet
pc=$(find "$where" -name nsde.pc)
lib=$(dirname "$(dirname "$pc")")
prefix=${lib%/lib*}
export PKG_CONFIG_PATH=$lib/pkgconfig
package() { pkg-config --define-variable=prefix="$prefix" "$@" nsde; }

fail() {
  echo "check_install.sh: $*" >&2
  exit 1
}

read -ra flags <<<"$(package --cflags --libs)"
[[ "${flags[*]}" != *gslcblas* ]] || fail "nsde.pc links gslcblas, which would answer in place of OpenBLAS"

run() { LD_LIBRARY_PATH=$lib "$@"; }

# every header by itself, in C and in C++11, and all together
for header in "$prefix"/include/nsde/*.h; do
  echo "#include <nsde/$(basename "$header")>" >"$where/one.c"
  echo "typedef int nothing;" >>"$where/one.c"
  cc -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only "$where/one.c" "${flags[@]}"
  g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c++ "$where/one.c" "${flags[@]}"
  sed -n 1p "$where/one.c" >>"$where/all.cc"
done
echo 'int main() { return nsde_version()[0] == 0; }' >>"$where/all.cc"
g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror "$where/all.cc" "${flags[@]}" -o "$where/all"
run "$where/all"

warnings=(-std=c11 -Wall -Wextra -Wpedantic -Werror)
cc "${warnings[@]}" examples/first.c "${flags[@]}" -o "$where/first"
run sh examples/check.sh "$where/first" examples/first.out

# the static library: without the shared one beside it the linker has no choice
mkdir "$where/static"
cp "$lib"/libnsde.a "$where/static"
read -ra static <<<"$(package --static --cflags --libs)"
cc "${warnings[@]}" examples/first.c -L"$where/static" "${static[@]/-L$lib/-L$where/static}" -o "$where/first_static"
if readelf -d "$where/first_static" | grep -q 'NEEDED.*libnsde'; then fail "the static program wants libnsde.so"; fi
sh examples/check.sh "$where/first_static" examples/first.out

"$prefix/bin/nsde" --version
[ -s "$prefix/share/man/man1/nsde.1" ] || fail "there is no manual page"

# What is exported is what the headers declare, beside the names that the compiler makes of critical sections.
mapfile -t exported < <(nm -D --defined-only "$lib"/libnsde.so |
  awk '$3 !~ /^\.gomp_critical_user_nsde_/ {print $3}')
[ "${#exported[@]}" -gt 100 ] || fail "hardly anything is exported"
for name in "${exported[@]}"; do
  [[ $name == nsde_* ]] || fail "exported: $name"
  cat "$prefix"/include/nsde/*.h | grep -w "$name" >/dev/null || fail "exported, but in no header: $name"
done
echo "installed: $(find "$prefix/include" -name '*.h' | wc -l) headers, shared and static library, program and manual page"
