#!/usr/bin/env bash
# Installs the Debian packages that nsde needs, if they are missing: packages.sh build|test
# Elsewhere than on Debian and its kin it says what is needed and goes on.
set -euo pipefail

build="gcc libc6-dev meson ninja-build pkg-config libgsl-dev libopenblas-dev liblapacke-dev libcjson-dev check gnuplot-nox fonts-dejavu-core"
test="g++ clang libomp-dev valgrind clang-format binutils"
case "${1:-}" in
  build) wanted=$build ;;
  test) wanted="$build $test" ;;
  *) echo "usage: packages.sh build|test" >&2; exit 2 ;;
esac

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "This is not a Debian system. Needed are a C11 compiler with OpenMP, meson (1.0 or later), ninja, pkg-config,"
  echo "GSL, OpenBLAS with LAPACKE, cJSON, Check and, for pictures, gnuplot; on Debian they are called: $wanted"
  exit 0
fi

missing=()
for package in $wanted; do
  # any gnuplot will do, and only one can be installed
  [ "$package" = gnuplot-nox ] && command -v gnuplot >/dev/null && continue
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "Installing ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Please install, as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
