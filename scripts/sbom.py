#!/usr/bin/env python3
"""Prints the software bill of materials (CycloneDX 1.6, JSON) of the binary `callstore`: every crate that is built into
it, with its licence and the checksum of Cargo.lock, and the browser assets that are packed into it.

    scripts/sbom.py [--target TRIPLE] > callstore.cdx.json

Needs cargo and git. The same commit gives the same document.
"""

import argparse
import base64
import json
import re
import subprocess
import tomllib
import uuid
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = "api"
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"
# The crate that packs Swagger UI. Its archive is named for the version.
SWAGGER_CRATE = "utoipa-swagger-ui-vendored"
# The libraries of the dashboard, with versions and hashes.
DASHBOARD = ROOT / "dashboard/vendor/vendor.json"


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def licence(package):
    if package["license"]:
        # Older crates write `MIT/Apache-2.0`.
        return [{"expression": package["license"].replace("/", " OR ")}]
    if package["license_file"]:
        return [{"license": {"name": f"see {package['license_file']}"}}]
    return []


def component(package, checksums):
    found = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "scope": "required",
        "purl": purl(package),
    }
    if package["description"]:
        found["description"] = " ".join(package["description"].split())
    if licence(package):
        found["licenses"] = licence(package)
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def swagger_ui(package):
    archives = list((Path(package["manifest_path"]).parent / "res").glob("v*.zip"))
    if len(archives) != 1:
        raise SystemExit(f"sbom.py: {SWAGGER_CRATE} should hold one archive of Swagger UI, not {len(archives)}")
    version = archives[0].stem.removeprefix("v")
    return {
        "type": "library",
        "bom-ref": f"pkg:npm/swagger-ui-dist@{version}",
        "name": "swagger-ui-dist",
        "version": version,
        "scope": "required",
        "description": "Swagger UI: the scripts and styles that the service serves to browsers",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
        "purl": f"pkg:npm/swagger-ui-dist@{version}",
    }


def dashboard_library(entry):
    at = f"pkg:npm/{entry['name'].replace('@', '%40')}@{entry['version']}"
    digest = base64.b64decode(entry["integrity"].removeprefix("sha512-")).hex()
    return {
        "type": "library",
        "bom-ref": at,
        "name": entry["name"],
        "version": entry["version"],
        "scope": "required",
        "description": f"A library of the dashboard, which the service serves to browsers: {entry['description']}",
        "hashes": [{"alg": "SHA-512", "content": digest}],
        "licenses": [{"license": {"id": entry["license"]}}],
        "purl": at,
    }


def reachable(nodes, root):
    """The packages that are built into the binary or run while it is built, without those of tests alone."""
    found, waiting = {root}, [root]
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            kinds = {kind["kind"] for kind in dependency["dep_kinds"]}
            if kinds - {"dev"} and dependency["pkg"] not in found:
                found.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    return found


def links(node, found):
    """The packages that a package depends on, beside those of its tests."""
    is_built = lambda dependency: any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])
    return [dependency["pkg"] for dependency in node["deps"] if dependency["pkg"] in found and is_built(dependency)]


def document(target):
    metadata = json.loads(run("cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target))
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = next(package for package in packages.values() if package["name"] == BINARY and not package["source"])
    found = reachable(nodes, root["id"])
    outside = sorted(packages[id]["name"] for id in found if packages[id]["source"] not in (None, REGISTRY))
    if outside:
        raise SystemExit(f"sbom.py: these crates are not from crates.io: {', '.join(outside)}")
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    checksums = {(entry["name"], entry["version"]): entry.get("checksum") for entry in lock["package"]}

    components = [component(packages[id], checksums) for id in found if id != root["id"]]
    dependencies = [{"ref": purl(packages[id]), "dependsOn": sorted({purl(packages[to]) for to in links(nodes[id], found)})}
                    for id in found]
    for package in packages.values():
        if package["name"] == SWAGGER_CRATE and package["id"] in found:
            assets = swagger_ui(package)
            components.append(assets)
            dependencies.append({"ref": assets["bom-ref"], "dependsOn": []})
            next(entry for entry in dependencies if entry["ref"] == purl(package))["dependsOn"].append(assets["bom-ref"])

    for entry in json.loads(DASHBOARD.read_text()):
        library = dashboard_library(entry)
        components.append(library)
        dependencies.append({"ref": library["bom-ref"], "dependsOn": []})
        next(entry for entry in dependencies if entry["ref"] == purl(root))["dependsOn"].append(library["bom-ref"])

    commit, seconds = run("git", "log", "-1", "--format=%H %ct").split()
    time = datetime.fromtimestamp(int(seconds), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'callstore/{commit}/{target}')}",
        "version": 1,
        "metadata": {
            "timestamp": time,
            "tools": {"components": [{"type": "application", "name": "callstore scripts/sbom.py"}]},
            "component": {
                "type": "application",
                "bom-ref": purl(root),
                "name": "callstore",
                "version": root["version"],
                "licenses": licence(root),
                "properties": [{"name": "callstore:target", "value": target}],
            },
        },
        "components": sorted(components, key=lambda entry: entry["bom-ref"]),
        "dependencies": sorted(dependencies, key=lambda entry: entry["ref"]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    host = re.search(r"^host: (.*)$", run("rustc", "-vV"), re.MULTILINE).group(1)
    parser.add_argument("--target", default=host, help="the target triple [default: this machine's]")
    print(json.dumps(document(parser.parse_args().target), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
