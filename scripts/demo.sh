#!/usr/bin/env bash
# Builds nsde and fits an Ornstein-Uhlenbeck model to 34 years of the US federal funds rate.
set -euo pipefail
cd "$(dirname "$0")/.."

bash scripts/packages.sh build
[ -f build-demo/build.ninja ] || meson setup build-demo >/dev/null
ninja -C build-demo --quiet src/cli/nsde
mkdir -p demo
build-demo/src/cli/nsde fit examples/data/fedfunds_monthly.csv --model ou --method exact --time date --value percent \
  --scale 0.01 --dt 1/12 --json demo/fedfunds.json --plot demo/fedfunds.png
echo
echo "The picture is in demo/fedfunds.png, the numbers are in demo/fedfunds.json."
