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
  local folder=$1 compiler=$2 log=build-logs/$1.txt
  shift 2
  : >"$log"
  if { [ -f "$folder/build.ninja" ] || CC=$compiler meson setup "$folder" -Dwerror=true "$@" >>"$log" 2>&1; } &&
    ninja -C "$folder" --quiet >>"$log" 2>&1; then
    count "$folder compiles" 0
  else
    tail -n 40 "$log"
    count "$folder compiles without a warning" 1
    return 1
  fi
}

# Test cases in a log of meson: passed, failed, programs; FAILED lines go to stderr. A program that ended otherwise than
# by failing cases (a crash, a sanitizer's report, a timeout) is one failure, and so is one of Check's that lost its
# count. A test that is none of Check's counts as one; exit status 77 means that it was left out.
count_cases() { # LOG
  awk '
    function close_program() {
      if (name == "") return
      programs++
      if (result == "exit status 77") { printf "SKIPPED: %s\n", name >"/dev/stderr"; return }
      lost = result != "exit status 0" && bad == 0 || result == "exit status 0" && of_check && checks == 0
      ok += of_check ? checks - bad : !lost
      not_ok += bad + lost
      if (bad || lost) printf "FAILED: %s (%s, %d of %d cases)\n", name, result, bad, checks >"/dev/stderr"
    }
    /^=+ [0-9]+\/[0-9]+ =+$/ {
      close_program(); name = "unnamed"; result = "no result"; checks = bad = of_check = 0; next
    }
    /^test: / && name == "unnamed" { sub(/^test: +/, ""); name = $0; next }
    /^result: / && result == "no result" { sub(/^result: +/, ""); result = $0; next }
    /^Running suite\(s\): / { of_check = 1 }
    /^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$/ {
      gsub(/[^0-9 ]/, ""); checks += $2; bad += $3 + $4
    }
    END { close_program(); print ok + 0, not_ok + 0, programs + 0 }' "$1"
}

run() { # FOLDER ARGUMENTS…: runs its tests (or those named) and counts their cases
  local folder=$1 log=$1/meson-logs/testlog.txt good bad programs wanted
  shift
  rm -f "$log"
  wanted=$(meson test -C "$folder" --no-rebuild --list "$@" 2>/dev/null | grep -c ' / ')
  meson test -C "$folder" --no-rebuild --print-errorlogs --quiet "$@" >"build-logs/$folder.txt" 2>&1 ||
    tail -n 60 "build-logs/$folder.txt"
  [ -f "$log" ] || : >"$log"
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
    run build-tsan --timeout-multiplier 4 simulate/simulate gradient/gradient
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
