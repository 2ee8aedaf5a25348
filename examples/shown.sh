#!/bin/sh
# Whether pages show programs and output as they are: shown.sh PAGE…, with the program nsde on the PATH.
# shown.sh update PAGE… puts them right.
cd "$(dirname "$0")/.." || exit 1
update=0
[ "$1" = update ] && update=1 && shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
checks=0
failures=0
without_times() { sed 's/[0-9][0-9.e+-]* s)/- s)/' "$1"; }
for page in "$@"; do
  checks=$((checks + 1))
  awk -f examples/shown.awk "$page" >"$work/page"
  without_times "$page" >"$work/old"
  without_times "$work/page" >"$work/new"
  cmp -s "$work/old" "$work/new" && continue
  if [ $update -eq 1 ]; then
    cp "$work/page" "$page"
    continue
  fi
  failures=$((failures + 1))
  echo "$page does not show what is (sh examples/shown.sh update $page):"
  diff "$work/old" "$work/new"
done
echo "Checks: $checks, Failures: $failures, Errors: 0"
[ $failures -eq 0 ]
