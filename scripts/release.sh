#!/usr/bin/env bash
# Builds release archives and their checksums into a folder: scripts/release.sh [FOLDER] [TARGET...]
# FOLDER is target/release-archives by default; the targets are x86_64 and aarch64 GNU/Linux by default. For a target
# other than the machine's own, install a C cross-compiler, which the script names, and rustup for its standard library.
# Each archive has a bill of materials, for which python3 is needed.
# The binaries need the C library of the machine that builds them, or a later one; the script prints its version.
set -euo pipefail
cd "$(dirname "$0")/.."

folder="${1:-target/release-archives}"
shift || true
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=(x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu)
host="$(rustc -vV | sed -n 's/^host: //p')"
version="$(cargo metadata --no-deps --format-version 1 | grep -o '"name":"api","version":"[^"]*"' | cut -d'"' -f8)"
mkdir -p "$folder"
folder="$(realpath "$folder")"

for target in "${targets[@]}"; do
    if [ "$target" != "$host" ]; then
        compiler="${target%%-*}-linux-gnu-gcc"
        if ! command -v "$compiler" >/dev/null; then
            echo "release.sh: $target needs $compiler (Debian: apt-get install gcc-${target%%-*}-linux-gnu)" >&2
            exit 1
        fi
        rustup target add "$target"
        variable="$(tr 'a-z-' 'A-Z_' <<<"$target")"
        export "CARGO_TARGET_${variable}_LINKER=$compiler" "CC_${target//-/_}=$compiler"
    fi
    cargo build --locked --release --bin callstore --target "$target"

    name="callstore-$version-$target"
    stage="$(mktemp -d)"
    mkdir "$stage/$name"
    cp "${CARGO_TARGET_DIR:-target}/$target/release/callstore" README.md LICENSE CHANGELOG.md SECURITY.md .env.example \
        "$stage/$name/"
    cp -R ARCHITECTURE.md docs examples deploy openapi.json "$stage/$name/"
    scripts/sbom.py --target "$target" >"$stage/$name/callstore.cdx.json"
    # What the README's quick start sends.
    mkdir -p "$stage/$name/tests/fixtures"
    cp -R tests/fixtures/readme "$stage/$name/tests/fixtures/"
    # Makes the archive reproducible.
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" \
        -C "$stage" -cf - "$name" | gzip -9n >"$folder/$name.tar.gz"
    rm -r "$stage"
    libc="$(grep -ao 'GLIBC_2\.[0-9]*' "${CARGO_TARGET_DIR:-target}/$target/release/callstore" | sort -uV | tail -n 1)"
    echo "release.sh: $folder/$name.tar.gz needs ${libc/_/ } or later"
done
(cd "$folder" && sha256sum callstore-"$version"-*.tar.gz >SHA256SUMS && cat SHA256SUMS)
