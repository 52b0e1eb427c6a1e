#!/usr/bin/env bash
# `make run-agent`: an agent for the cluster of KUBECONFIG. On the hub's own machine it makes its bootstrap token itself.
set -euo pipefail

: "${HUB_ADDR:?}" "${CLUSTER_NAME:?}" "${AGENT_DATA:?}" "${HUB_DATA:?}"
mctunnel=(node src/cli/main.ts)
member=${KUBECONFIG:-$HOME/.kube/config}
if [ ! -r "$member" ]; then
  echo "run-agent: KUBECONFIG must name a kubeconfig of the cluster to manage ($member cannot be read)" >&2
  exit 2
fi

binding='apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: mctunnel-hub-admins}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "hub:system:masters"}]'
if [ "${ADMIN_BINDING:-}" = 1 ]; then
  kubectl --kubeconfig "$member" apply -f - <<<"$binding"
else
  echo "Without this binding an admin of the hub may do nothing in $CLUSTER_NAME (ADMIN_BINDING=1 applies it):"
  printf '%s\n\n' "$binding"
fi

arguments=(--hub "$HUB_ADDR" --cluster "$CLUSTER_NAME" --kubeconfig "$member" --data-dir "$AGENT_DATA" --log-format pretty)
if [ ! -e "$AGENT_DATA/agent.pem" ] && [ -z "${BOOTSTRAP_TOKEN:-}" ]; then
  if [ ! -r "$HUB_DATA/admin.kubeconfig" ]; then
    echo "run-agent: BOOTSTRAP_TOKEN is missing; on the hub run: mctunnel token create --cluster $CLUSTER_NAME" >&2
    exit 2
  fi
  created=$("${mctunnel[@]}" token create --cluster "$CLUSTER_NAME" --kubeconfig "$HUB_DATA/admin.kubeconfig")
  BOOTSTRAP_TOKEN=$(grep -oE -- '--bootstrap-token [^ ]+' <<<"$created" | cut -d' ' -f2)
  arguments+=(--hub-ca-hash "$(grep -oE 'sha256:[0-9a-f]{64}' <<<"$created" | head -1)")
  export BOOTSTRAP_TOKEN
elif [ -n "${HUB_CA_HASH:-}" ]; then
  arguments+=(--hub-ca-hash "$HUB_CA_HASH")
fi
unset KUBECONFIG
exec "${mctunnel[@]}" agent "${arguments[@]}"
