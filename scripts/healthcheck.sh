#!/usr/bin/env bash
# Requests /readyz of the service on this machine, using only bash, so that the image needs no HTTP client.
# Usage: healthcheck.sh [PORT], 8080 by default.
set -euo pipefail
exec 3<>"/dev/tcp/127.0.0.1/${1:-8080}"
printf 'GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3
read -r -t 4 _ status _ <&3
[ "$status" = 200 ]
