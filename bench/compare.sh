#!/usr/bin/env bash
# Times nsde and, one after another, the peers that are installed, on the neural workloads; prints every figure as a
# line `name value unit`, then tables of them. docs/performance.md says how it is used:
#   compare.sh [--only PREFIX] [--least SECONDS] > FILE   runs (environment: PYTHON, BUILD)
#   compare.sh --tables FILE                              prints the tables of a run again
#   compare.sh --document FILE                            puts them into docs/performance.md
set -euo pipefail
cd "$(dirname "$0")/.."

begin='<!-- last run: written by bench/compare.sh --document -->'
end='<!-- end of the last run -->'

tables() { # FILE
  awk -f bench/tables.awk "$1"
}

document() { # FILE: replaces what stands between the marks
  local page=docs/performance.md new
  new=$(mktemp)
  { tables "$1" && echo "$end"; } >"$new"
  awk -v begin="$begin" -v end="$end" -v new="$new" '
    $0 == begin { print; while ((getline line < new) > 0) print line; inside = 1; found = 1; next }
    $0 == end { inside = 0; next }
    !inside
    END { exit !found }' "$page" >"$new.page"
  cat "$new.page" >"$page"
  rm -f "$new" "$new.page"
}

only=
least=1
case "${1:-}" in
  --tables) tables "$2" && exit ;;
  --document) document "$2" && exit ;;
esac
while [ $# -gt 0 ]; do
  case "$1" in
    --only) only=$2 ;;
    --least) least=$2 ;;
    *) sed -n 's/^#   //p' "$0" >&2 && exit 2 ;;
  esac
  shift 2
done

export PYTHONDONTWRITEBYTECODE=1
python=${PYTHON:-python3}
bench=${BUILD:-build}/bench/nsde-bench
if [ ! -x "$bench" ]; then
  echo "compare.sh: $bench is missing: meson setup build && ninja -C build" >&2
  exit 1
fi

machine() {
  echo "# date: $(date -u +%Y-%m-%d)"
  echo "# commit: $(git describe --always --dirty 2>/dev/null || echo unknown)"
  echo "# processor: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) in use"
  echo "# vectors: $(grep -o -w -m 1 -E 'avx512f|avx2|avx' /proc/cpuinfo | sort -u | tail -n 1)"
  echo "# system: $(uname -s)"
  echo "# load before the run: $(cut -d' ' -f1-3 /proc/loadavg)"
  echo "# versions: $(${CC:-cc} --version | head -n 1), GSL $(pkg-config --modversion gsl), OpenBLAS $(pkg-config \
    --modversion openblas)"
  if command -v "$python" >/dev/null; then
    echo "# versions: $("$python" --version)"
  fi
  env | sed -n 's/^\(OPENBLAS_[A-Z0-9_]*=.*\)/# environment: \1/p'
}

run() {
  machine
  "$bench" --only "$only"
  for peer in pytorch torch_sde jax_diffrax; do
    if command -v "$python" >/dev/null; then
      "$python" "bench/peers/$peer.py" --only "$only" --least "$least" --check ||
        echo "# failed: bench/peers/$peer.py"
    else
      echo "peer.$peer not installed"
    fi
  done
  echo "# load after the run: $(cut -d' ' -f1-3 /proc/loadavg)"
}

lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
run | tee "$lines"
echo
tables "$lines" | sed 's/^/#| /'
