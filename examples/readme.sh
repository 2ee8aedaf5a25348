#!/bin/sh
# Whether README.md shows the programs and their output as they are: readme.sh NAME…, in the order shown
blocks() { awk -v kind="$1" '$0 == "```" {on = 0} on {print} $0 == "```" kind {on = 1}' README.md; }
failed=0
for name in "$@"; do sed -n '/^#include/,$p' "examples/$name.c"; done | {
  [ "$(cat)" = "$(blocks c)" ]
} || failed=1
without_times() { sed 's/[0-9][0-9.e+-]* s)/- s)/'; }
[ "$(for name in "$@"; do cat "examples/$name.out"; done | without_times)" = "$(blocks text | without_times)" ] || failed=1
[ $failed -eq 0 ] || echo "README.md does not show what examples/ holds: $*"
echo "Checks: 1, Failures: $failed, Errors: 0"
exit "$failed"
