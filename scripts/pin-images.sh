#!/usr/bin/env bash
# Replaces the tags of images in docker-compose.yml and the Dockerfile by their present digests, so that every build and
# start uses the same images: scripts/pin-images.sh [FILE...]
# Needs `docker buildx` or `skopeo`, and a network that reaches the registries. Run it again to take newer images of the
# same tags, and commit the result.
set -euo pipefail
cd "$(dirname "$0")/.."

files=("$@")
[ "${#files[@]}" -gt 0 ] || files=(docker-compose.yml Dockerfile)

digest_of() {
    if command -v skopeo >/dev/null; then
        skopeo inspect --no-tags --format '{{.Digest}}' "docker://docker.io/$1"
    elif command -v docker >/dev/null; then
        docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "docker.io/$1"
    else
        echo "pin-images.sh: neither skopeo nor docker is installed" >&2
        return 1
    fi
}

for file in "${files[@]}"; do
    # `image: NAME:TAG[@DIGEST]` and `FROM NAME:TAG[@DIGEST]`, without the image that is built here.
    images="$(sed -nE 's/^[[:space:]]*(image:|FROM) ([^@[:space:]]+:[^@[:space:]]+).*$/\2/p' "$file" |
        grep -v '^callstore:' | sort -u)"
    for image in $images; do
        # Docker's own images have no owner in their name.
        case "$image" in */*) full="$image" ;; *) full="library/$image" ;; esac
        digest="$(digest_of "$full")"
        if ! grep -qE '^sha256:[0-9a-f]{64}$' <<<"$digest"; then
            echo "pin-images.sh: no digest for $image, but: $digest" >&2
            exit 1
        fi
        escaped="$(sed 's/[.]/\\./g' <<<"$image")"
        sed -i -E "s#^([[:space:]]*(image:|FROM) $escaped)(@sha256:[0-9a-f]{64})?(\$|[[:space:]])#\1@$digest\4#" "$file"
        echo "$file: $image@$digest"
    done
done
