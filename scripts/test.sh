#!/usr/bin/env bash
# Builds and tests nsde: with gcc and with clang, under ASan and UBSan, under TSan what uses threads, some under
# valgrind, and as an installed library. The last line counts test cases and other checks: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

bash scripts/packages.sh test || exit 1
mkdir -p build-logs
passed=0
failed=0
part=
began=$SECONDS

begin() { # WHAT: says what comes, and how long the part before took
  [ -n "$part" ] && echo "-- $part: $((SECONDS - began)) s"
  part=$1
  began=$SECONDS
  echo "== $part"
}

count() { # NAME STATUS: one more check
  if [ "$2" -eq 0 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $1"
  fi
}

build() { # FOLDER COMPILER OPTIONS…: configures and compiles; any warning is an error
  local folder=$1 compiler=$2 log=build-logs/$1.txt plus=g++
  [ "$2" = clang ] && plus=clang++ # C++ programs are linked with objects of C
  shift 2
  : >"$log"
  if { [ -f "$folder/build.ninja" ] || CC=$compiler CXX=$plus meson setup "$folder" -Dwerror=true "$@" >>"$log" 2>&1; } &&
    ninja -C "$folder" --quiet >>"$log" 2>&1; then
    count "$folder compiles" 0
  else
    tail -n 40 "$log"
    count "$folder compiles without a warning" 1
    return 1
  fi
}

# Test cases in a log of meson (a line of JSON for each program; meson brings Python): passed, failed, programs; FAILED
# lines go to stderr. A program that ended otherwise than by failing cases (a crash, a sanitizer's report, a timeout) is
# one failure, and so is one of Check's that lost its count. A test that is none of Check's counts as one.
count_cases() { # LOG
  python3 - "$1" <<'EOF'
import json, os, re, sys
passed = failed = programs = 0
lines = open(sys.argv[1]).read().splitlines() if os.path.exists(sys.argv[1]) else []
for test in map(json.loads, lines):
    name, result, out = test["name"], test["result"], test.get("stdout") or ""
    counts = re.findall(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)$", out, re.M)
    programs += 1
    if result == "SKIP":
        print("SKIPPED:", name, file=sys.stderr)
        continue
    well = result in ("OK", "EXPECTEDFAIL")
    of_check = bool(re.search(r"^Running suite\(s\): ", out, re.M))
    cases, bad = sum(int(c[0]) for c in counts), sum(int(c[1]) + int(c[2]) for c in counts)
    lost = not well and not bad or of_check and not cases
    passed += cases - bad if of_check else well
    failed += bad + lost
    if bad or lost:
        print(f"FAILED: {name} ({result}, {bad} of {cases} cases)", file=sys.stderr)
print(passed, failed, programs)
EOF
}

run() { # FOLDER ARGUMENTS…: runs its tests (or those named) and counts their cases
  local folder=$1 log=$1/meson-logs/testlog.json good bad programs wanted
  shift
  rm -f "$log"
  wanted=$(meson test -C "$folder" --no-rebuild --list "$@" 2>/dev/null | grep -c ' / ')
  meson test -C "$folder" --no-rebuild --print-errorlogs --quiet "$@" >"build-logs/$folder.txt" 2>&1 ||
    tail -n 60 "build-logs/$folder.txt"
  read -r good bad programs < <(count_cases "$log")
  if [ "$programs" -ne "$wanted" ] || [ "$wanted" -eq 0 ]; then
    echo "FAILED: $folder: $programs of $wanted test programs ran"
    bad=$((bad + 1))
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
}

begin "gcc, as it is released"
build build-gcc gcc && run build-gcc

begin "installed library, pkg-config, C++ headers, manual page"
bash scripts/check_install.sh build-gcc
count "installed library" $?

begin "gcc with ASan and UBSan"
if build build-asan gcc --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false; then
  ASAN_OPTIONS=detect_leaks=1:halt_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
    run build-asan --timeout-multiplier 4
fi

begin "clang"
build build-clang clang && run build-clang

# With clang's OpenMP, whose tool archer tells TSan of the order that barriers make; gcc's says nothing of it. The
# runtime itself is not instrumented. Check's forks are left out: threads of a forked child are beyond TSan.
begin "clang with TSan, what uses threads"
if build build-tsan clang --buildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false; then
  archer=$(find /usr/lib/llvm-*/lib -name libarcher.so 2>/dev/null | sort -V | tail -n 1)
  OMP_TOOL_LIBRARIES=$archer TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1 CK_FORK=no OMP_NUM_THREADS=2 \
    run build-tsan --timeout-multiplier 4 simulate/simulate simulate/statistics simulate/stream gradient/gradient
fi

begin "valgrind"
memcheck() { # WHAT COMMAND…
  local what=$1
  shift
  CK_FORK=no OMP_NUM_THREADS=2 valgrind --quiet --error-exitcode=9 --leak-check=full \
    --errors-for-leak-kinds=definite "$@" >build-logs/valgrind.txt 2>&1
  local status=$?
  [ $status -eq 0 ] || tail -n 40 build-logs/valgrind.txt
  count "valgrind: $what" $status
}
# Valgrind rounds like an FPU of 53 bits without fused operations: tests to the last digits are not for it.
if command -v valgrind >/dev/null && [ -x build-gcc/src/cli/nsde ]; then
  for name in core_memory core_error io_series noise_philox tape_compile tape_cursor tape_memory model_model step_step; do
    memcheck "$name" "build-gcc/tests/test_$name" "$name"
  done
  memcheck "nsde fit" build-gcc/src/cli/nsde fit examples/data/fedfunds_monthly.csv --model cir --value percent \
    --dt 1/12 --scale 0.01 --json /dev/null
  memcheck "nsde simulate" build-gcc/src/cli/nsde simulate --model ou --set kappa=1.2,mu=0.3,sigma=0.4 --x0 0.5 \
    --t1 1 --steps 20 --paths 100 --threads 2
fi

begin "format and scripts"
if command -v clang-format >/dev/null; then
  git ls-files -z '*.c' '*.h' | xargs -0 clang-format --dry-run -Werror 2>&1 | head -n 20
  count "clang-format" "${PIPESTATUS[1]}"
fi
if command -v shellcheck >/dev/null; then
  shellcheck .ci/run scripts/*.sh
  count "shellcheck" $?
fi

begin "all"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
