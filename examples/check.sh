#!/bin/sh
# Runs a program and compares what it prints with a file: check.sh PROGRAM EXPECTED
# How long a fit took is not compared. The last line counts as those of the other tests do.
printed=$("$1") && failed=0 || failed=1
without_times() { sed 's/[0-9][0-9.e+-]* s)/- s)/'; }
if [ "$(printf '%s\n' "$printed" | without_times)" != "$(without_times <"$2")" ]; then
  failed=1
  echo "expected, as in $2:"
  cat "$2"
  echo "printed by $1:"
  printf '%s\n' "$printed"
fi
echo "Checks: 1, Failures: $failed, Errors: 0"
exit "$failed"
