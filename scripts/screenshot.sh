#!/usr/bin/env bash
# Takes the picture of the README: the longest example call in the dashboard.
# scripts/screenshot.sh target/debug/callstore docs/images/dashboard.png
# Needs chromium, curl, ffmpeg and jq.
set -euo pipefail
binary="$(realpath "$1")"
picture="$(realpath "$2")"
address=127.0.0.1:18641
folder="$(mktemp -d)"
cd "$folder"
"$binary" --listen "$address" 2>log &
service=$!
trap 'kill "$service"; wait "$service" || true; rm -rf "$folder"' EXIT
curl --silent --fail --retry 20 --retry-connrefused --output ready "http://$address/readyz"
"$binary" simulate --url "http://$address" --dashboard --duration 5s >examples
longest="$(curl --silent --fail "http://$address/calls?status=completed&sort=-duration&limit=1" | jq -r '.items[0].id')"
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1180,800 --user-data-dir=profile \
    --timeout=6000 --virtual-time-budget=8000 --screenshot=page.png "http://$address/dashboard/#/calls/$longest" 2>said
# A palette makes the file a third as large.
ffmpeg -v error -y -i page.png -vf "split[a][b];[a]palettegen=max_colors=64[p];[b][p]paletteuse=dither=none" "$picture"
