#!/usr/bin/env bash
# Has schemathesis ask the built service all that its own document allows and forbids: once with an admin's key, beside Twilio's
# signatures, and once open, without keys. CALLSTORE_CONTRACT_EXAMPLES says how many requests are made up for each operation and phase.
#
# One check is left out, positive_data_acceptance: what a schema allows and the service refuses all the same, by rules that a
# schema cannot state. docs/contract.md lists them.
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

# Starts the service on a free port, in a folder of its own, and sets `address`.
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

# One worker: two race for a counter of Python 3.11's, and one of them fails.
attack() (
    # It keeps a cache where it runs.
    cd "$work" && "$tools/bin/schemathesis" run openapi.json --url "http://$address" --workers 1 --seed 1 --continue-on-failure \
        --max-examples "$examples" --request-timeout 60 --warnings off --exclude-checks "$@"
)

export NO_COLOR=1
echo "contract.sh: with an admin's key, and Twilio's signatures"
echo "$key" >"$work/key"
cp openapi.json "$work/openapi.json"
start keyed --admin-key-file "$work/key" --twilio-auth-token 0123456789abcdef0123456789abcdef \
    --public-url http://localhost
attack positive_data_acceptance --header "Authorization: Bearer $key"
stop

echo "contract.sh: open, without keys"
start open
# Its first key would end the openness. Where no key is asked for, none is missing.
jq 'del(.paths[][].security)' openapi.json >"$work/openapi.json"
attack positive_data_acceptance --exclude-operation-id createKey
stop
