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

# Only encode and decode: plain objects go in, so create, verify, fromObject and the like are not needed.
pbjs -t static-module -w esm -r mctunnel --dts --force-number \
  --no-create --no-verify --no-convert --no-delimited --no-typeurl --no-service \
  -p proto -o "$into/tunnel.js" proto/mctunnel/tunnel/v1/tunnel.proto

if [ "$into" != src/gen ]; then
  diff -r -q src/gen "$into" || {
    echo 'src/gen is not what proto/ generates: run npm run generate' >&2
    exit 1
  }
fi
