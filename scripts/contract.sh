#!/usr/bin/env bash
# Lets schemathesis test the built service against its own document: once with an admin key and Twilio's signatures, and
# once open, without keys. CALLSTORE_CONTRACT_EXAMPLES sets the number of requests generated per operation and phase.
#
#
# The check positive_data_acceptance is excluded: some requests that a schema allows are refused by rules that a schema
# cannot state. docs/contract.md lists these rules.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

examples="${CALLSTORE_CONTRACT_EXAMPLES:-20}"
target="$(realpath -m "${CARGO_TARGET_DIR:-target}")"
callstore="$target/debug/callstore"
tools="$target/schemathesis"
version=4.32.5
key="schemathesis-has-the-admin-s-key-0123456789"

if ! "$tools/bin/schemathesis" --version 2>/dev/null | grep -q "$version"; then
    echo "contract.sh: installing schemathesis into $tools"
    rm -rf "$tools"
    /usr/bin/python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet "schemathesis==$version"
fi
[ -x "$callstore" ] || cargo build --locked

work="$(mktemp -d)"
service=
finish() {
    [ -z "$service" ] || kill "$service" 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap finish EXIT

# Starts the service on a free port, in its own folder, and sets `address`.
start() {
    local folder="$work/$1"
    shift
    mkdir "$folder"
    (cd "$folder" && exec env RUST_LOG=info "$callstore" --listen 127.0.0.1:0 --log-format text "$@" >log 2>&1) &
    service=$!
    address=
    for _ in $(seq 300); do
        address="$(sed -n 's/.*address=\(127[.0-9:]*\).*/\1/p' "$folder/log" | head -1)"
        [ -z "$address" ] || return 0
        sleep 0.1
    done
    cat "$folder/log" >&2
    echo "contract.sh: the service did not start" >&2
    return 1
}

stop() {
    kill "$service"
    wait "$service"
    service=
}

# One worker only: with two, a race on a counter of Python 3.11 makes one fail.
attack() (
    # It writes a cache into its working directory.
    cd "$work" && "$tools/bin/schemathesis" run openapi.json --url "http://$address" --workers 1 --seed 1 --continue-on-failure \
        --max-examples "$examples" --request-timeout 60 --warnings off --exclude-checks "$@"
)

# Twilio's webhooks also answer GET, which the document leaves out.
cat >"$work/schemathesis.toml" <<'TOML'
[[operations]]
include-path = ["/twilio/voice", "/twilio/status"]
checks.allow_header_conformance.enabled = false
checks.unsupported_method.enabled = false
TOML

export NO_COLOR=1
echo "contract.sh: with an admin's key, and Twilio's signatures"
(umask 077 && echo "$key" >"$work/key")
# Schemathesis cannot write SubRip, and stops where it is asked to. It would read the stream of events to its end, which
# never comes.
possible='del(.paths["/events/stream"]) | del(.paths[][].requestBody?.content?."application/x-subrip"?)'
jq "$possible" openapi.json >"$work/openapi.json"
start keyed --admin-key-file "$work/key" --twilio-auth-token 0123456789abcdef0123456789abcdef \
    --public-url http://localhost
attack positive_data_acceptance --header "Authorization: Bearer $key"
stop

echo "contract.sh: open, without keys"
start open
# createKey is excluded, because a first key would close the service. Without keys, the document must not require any.
jq "$possible | del(.paths[][].security)" openapi.json >"$work/openapi.json"
attack positive_data_acceptance --exclude-operation-id createKey
stop
