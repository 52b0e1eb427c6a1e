#!/bin/sh
# Generates src/gen from proto/. With --check it writes nothing and fails when src/gen is not what would be generated.
# Run by `npm run generate` and `npm run generate:check`, which put node_modules/.bin on the PATH.
set -eu
cd "$(dirname "$0")/.."

into=src/gen
if [ "${1:-}" = --check ]; then
  into=$(mktemp -d)
  trap 'rm -rf "$into"' EXIT
fi

# One module for each: generate NAME FILE [OPTION…]. Plain objects go in, so create, verify, fromObject and the like are not needed.
generate() {
  name=$1
  file=$2
  shift 2
  pbjs -t static-module -w esm -r "mctunnel-$name" --dts --force-number \
    --no-create --no-verify --no-convert --no-delimited --no-typeurl --no-service "$@" \
    -p proto -o "$into/$name.js" "proto/mctunnel/$file"
}
generate tunnel tunnel/v1/tunnel.proto
generate openapi openapi/v2/document.proto --no-decode

if [ "$into" != src/gen ]; then
  diff -r -q src/gen "$into" || {
    echo 'src/gen is not what proto/ generates: run npm run generate' >&2
    exit 1
  }
fi
