#!/usr/bin/env bash
# Builds and tests nsde: with gcc, with clang (compiling), under ASan and UBSan, under TSan what uses threads, under
# valgrind, and as an installed library. The last line counts: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/.."

bash scripts/packages.sh test || exit 1
passed=0
failed=0

count() { # NAME STATUS: one more check
  if [ "$2" -eq 0 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $1"
  fi
}

build() { # FOLDER COMPILER OPTIONS…: configures and compiles; any warning is an error
  local folder=$1 compiler=$2
  shift 2
  echo "== $folder: $compiler $*"
  [ -f "$folder/build.ninja" ] || CC=$compiler meson setup "$folder" -Dwerror=true "$@" >"$folder.log" 2>&1
  if ! ninja -C "$folder" --quiet >>"$folder.log" 2>&1; then
    tail -n 40 "$folder.log"
    return 1
  fi
}

run() { # FOLDER ARGUMENTS…: runs tests and counts their cases
  local folder=$1 log line
  shift
  meson test -C "$folder" --no-rebuild --print-errorlogs "$@" || true
  log=$folder/meson-logs/testlog.txt
  line=$(sed -n 's/.*Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 \2 \3/p' "$log" |
    awk '{n += $1; bad += $2 + $3} END {print n + 0, bad + 0}')
  # a test program that ended without a count (a crash, a sanitizer's report) is one failure
  local ended
  ended=$(grep -cE '^Fail: +[1-9]|^Timeout: +[1-9]' "$log" || true)
  set -- $line
  local bad=$2
  [ "$ended" -gt 0 ] && [ "$bad" -eq 0 ] && bad=1
  passed=$((passed + $1 - $2))
  failed=$((failed + bad))
}

mkdir -p build-logs
if build build-gcc gcc; then run build-gcc; else count "build with gcc" 1; fi

if build build-asan gcc --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false; then
  ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 run build-asan --timeout-multiplier 4
else
  count "build with ASan and UBSan" 1
fi

build build-clang clang
count "clang without a warning" $?

bash scripts/check_install.sh build-gcc
count "installed library, pkg-config, C++ headers" $?

if command -v clang-format >/dev/null; then
  git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror 2>&1 | head -n 5
  count "clang-format" "${PIPESTATUS[1]}"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
