# `make` alone lists the targets. Everything here runs after a plain clone: what is missing is installed first.

.DEFAULT_GOAL := help
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

HUB_DATA ?= .mctunnel/hub
AGENT_DATA ?= .mctunnel/agent-$(CLUSTER_NAME)
HUB_ADDR ?= localhost:8443
CLUSTER_NAME ?= cluster-a
DEMO ?= standalone
CASE ?=

# Not `npm ci`: it wants the lock to list the optional packages of every platform, which not every registry serves.
# npm writes this file last, so its age tells whether package-lock.json has changed since.
INSTALLED := node_modules/.package-lock.json

.PHONY: help demo run-hub run-agent test test-unit test-e2e soak verify update bench build kubernetes

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 14

$(INSTALLED): package-lock.json
	@echo '==> Installing npm packages (about 30 s)'
	@npm install --no-save --no-fund --no-audit --loglevel=error
	@touch $@

demo: $(INSTALLED) ## a managed cluster, a hub, an agent and a tour of what they do (DEMO=aggregated: with a hub cluster; KUBECONFIG=…: your own cluster)
	@DEMO=$(DEMO) node test/demo/main.ts

run-hub: $(INSTALLED) ## a standalone hub on this machine (:8080 gateway, :8443 tunnels)
	@node src/cli/main.ts hub --data-dir $(HUB_DATA) --log-format pretty

run-agent: $(INSTALLED) ## an agent for KUBECONFIG's cluster: HUB_ADDR=host:8443 CLUSTER_NAME=name [BOOTSTRAP_TOKEN=… HUB_CA_HASH=…] [ADMIN_BINDING=1]
	@HUB_DATA=$(HUB_DATA) AGENT_DATA=$(AGENT_DATA) HUB_ADDR=$(HUB_ADDR) CLUSTER_NAME=$(CLUSTER_NAME) ADMIN_BINDING=$(ADMIN_BINDING) \
		test/demo/run-agent.sh

kubernetes: $(INSTALLED) ## the real Kubernetes programs that tests and demo run (cached; the first build takes minutes)
	@node test/kubernetes/build.ts

test: test-unit test-e2e ## all tests but the soak

test-unit: $(INSTALLED) ## tests that need no cluster
	@npm run --silent jest -- --selectProjects unit --maxWorkers=2

# --forceExit: a test that failed may have left a client behind, and the run must end all the same.
test-e2e: kubernetes ## tests on real control planes with real kubectl and client libraries
	@npm run --silent jest -- --selectProjects e2e --maxWorkers=2 --forceExit

soak: kubernetes ## what takes minutes: quiet watches, slow transfers, random kills
	@npm run --silent jest -- --selectProjects soak --runInBand --forceExit

verify: $(INSTALLED) ## linters, formats, types, imports, unused code, generated files
	@npm run --silent lint
	@npm run --silent format:check
	@npm run --silent typecheck
	@npm run --silent imports
	@npm run --silent unused
	@npm run --silent generate:check

update: $(INSTALLED) ## regenerate generated files and format
	@npm run --silent generate
	@npm run --silent format

bench: $(INSTALLED) ## benchmarks, as ratios in one run (CASE="c1 c64" for some)
	@node bench/main.ts $(CASE)

build: $(INSTALLED) ## dist/
	@npm run --silent build
