#!/bin/sh
# Whether check.sh would find a wrong output, and a program that fails: control.sh CHECK PROGRAM WRONG RIGHT
failed=0
sh "$1" "$2" "$3" >/dev/null && failed=1
sh "$1" false /dev/null >/dev/null && failed=1
sh "$1" "$2" "$4" >/dev/null || failed=1
echo "Checks: 1, Failures: $failed, Errors: 0"
exit "$failed"
