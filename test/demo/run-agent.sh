#!/usr/bin/env bash
# `make run-agent`: an agent for the cluster of KUBECONFIG. On the hub's own machine it makes its bootstrap token itself.
set -euo pipefail

: "${HUB_ADDR:?}" "${CLUSTER_NAME:?}" "${AGENT_DATA:?}" "${HUB_DATA:?}"
# How long a hub on this machine may take to start.
hub_patience_s=60
mctunnel=(node src/cli/main.ts)
member=${KUBECONFIG:-$HOME/.kube/config}
if [ ! -f "$member" ] || [ ! -r "$member" ]; then
  echo "run-agent: KUBECONFIG must name one kubeconfig of the cluster to manage ($member cannot be read)" >&2
  exit 2
fi

admin=$HUB_DATA/admin.kubeconfig

hub_answers() {
  [ -r "$admin" ] && "${mctunnel[@]}" version --kubeconfig "$admin" | grep -q '^Hub: *v'
}

# It may have been started a moment ago.
wait_for_hub() {
  local end=$((SECONDS + hub_patience_s))
  until hub_answers; do
    if [ -z "${told:-}" ]; then
      echo "Waiting for the hub on this machine (make run-hub; its data folder is $HUB_DATA) …"
      told=1
    fi
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 1
  done
}

arguments=(--hub "$HUB_ADDR" --cluster "$CLUSTER_NAME" --kubeconfig "$member" --data-dir "$AGENT_DATA" --log-format pretty)
if [ ! -e "$AGENT_DATA/agent.pem" ] && [ -z "${BOOTSTRAP_TOKEN:-}" ]; then
  case ${HUB_ADDR%:*} in
    localhost | 127.* | '[::1]') is_local=1 ;;
    *) is_local='' ;;
  esac
  # A hub that is advertised under another name may be on this machine all the same: then it has its data folder here.
  if [ -n "$is_local" ] || [ -r "$admin" ]; then
    # A token that no agent can use would stay behind.
    node test/demo/reach-cluster.ts "$member"
    if wait_for_hub; then hub_is_here=1; fi
  fi
  if [ -z "${hub_is_here:-}" ]; then
    if [ -n "$is_local" ]; then
      echo "run-agent: no hub answers on this machine; start one with: make run-hub" >&2
    fi
    echo "run-agent: BOOTSTRAP_TOKEN and HUB_CA_HASH are missing; a hub elsewhere gives both, in its clone: npm run --silent mctunnel -- token create --cluster $CLUSTER_NAME" >&2
    exit 2
  fi
  created=$("${mctunnel[@]}" token create --cluster "$CLUSTER_NAME" --kubeconfig "$admin")
  BOOTSTRAP_TOKEN=$(grep -oE -- '--bootstrap-token [^ ]+' <<<"$created" | cut -d' ' -f2)
  arguments+=(--hub-ca-hash "$(grep -oE 'sha256:[0-9a-f]{64}' <<<"$created" | head -1)")
  export BOOTSTRAP_TOKEN
elif [ -n "${HUB_CA_HASH:-}" ]; then
  arguments+=(--hub-ca-hash "$HUB_CA_HASH")
fi

if [ "${ADMIN_BINDING:-}" = 1 ]; then
  node test/demo/admin-binding.ts "$member"
else
  echo "Without this binding an admin of the hub may do nothing in $CLUSTER_NAME (ADMIN_BINDING=1 makes it):"
  node test/demo/admin-binding.ts
  echo
fi
unset KUBECONFIG
exec "${mctunnel[@]}" agent "${arguments[@]}"
