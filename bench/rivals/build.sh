#!/usr/bin/env bash
# Builds the rivals from their public sources into FOLDER/bin, for BENCH_RIVALS: konnectivity (anp-server, anp-agent, and anp-agents: many agents), a gateway in front
# of it (gateway), multiclustertunnel (mct-server, mct-bench-agent), remotedialer (rd-server, rd-agent). Needs git and Go. ANP_SOURCE, MCT_SOURCE and RD_SOURCE: other
# places of the same repositories.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
mkdir -p "$1/bin"
folder=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
export GOFLAGS="${GOFLAGS:-} -buildvcs=false"

checkout() { # checkout NAME SOURCE COMMIT
  [ -d "$folder/$1" ] || git clone --quiet "$2" "$folder/$1"
  # A folder of an earlier build may not have it yet.
  git -C "$folder/$1" cat-file -e "$3^{commit}" 2>/dev/null || git -C "$folder/$1" fetch --quiet "$2" "$3"
  git -C "$folder/$1" checkout --quiet "$3"
}

echo '==> konnectivity' >&2
checkout anp "${ANP_SOURCE:-https://github.com/kubernetes-sigs/apiserver-network-proxy}" 4f8517c137a11752b68f57a990497bfa4d3f122f
mkdir -p "$folder/anp/cmd/bench-agents"
cp "$here/anp-agents/main.go" "$folder/anp/cmd/bench-agents/main.go"
for program in server agent; do (cd "$folder/anp" && go build -o "$folder/bin/anp-$program" "./cmd/$program"); done
(cd "$folder/anp" && go build -o "$folder/bin/anp-agents" ./cmd/bench-agents)

echo '==> a gateway in front of it' >&2
(cd "$here/gateway" && go build -o "$folder/bin/gateway" .)

echo '==> multiclustertunnel' >&2
checkout mct "${MCT_SOURCE:-https://github.com/xuezhaojun/multiclustertunnel}" 1f92b0c0d985e44864f8e528ffb1b6a9c053de66
mkdir -p "$folder/mct/cmd/bench-agent"
cp "$here/mct-agent/main.go" "$folder/mct/cmd/bench-agent/main.go"
(cd "$folder/mct" && go build -o "$folder/bin/mct-server" ./cmd/server && go build -o "$folder/bin/mct-bench-agent" ./cmd/bench-agent)

echo '==> remotedialer' >&2
if [ -n "${RD_SOURCE:-}" ]; then
  # Go fetches the module's version from there; go.sum tells whether it is the same.
  [ -d "$RD_SOURCE" ] && RD_SOURCE=$(cd "$RD_SOURCE" && pwd)
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="url.$RD_SOURCE.insteadOf" GIT_CONFIG_VALUE_0=https://github.com/rancher/remotedialer
  export GOPRIVATE=github.com/rancher/remotedialer
fi
for program in server agent; do (cd "$here/rd" && go build -o "$folder/bin/rd-$program" "./$program"); done

echo "BENCH_RIVALS=$folder/bin"
