package main

import (
	_ "github.com/creack/pty"
	_ "github.com/vishvananda/netlink"
	_ "k8s.io/api/core/v1"
	_ "k8s.io/client-go/kubernetes"
	_ "k8s.io/client-go/tools/cache"
	_ "k8s.io/cri-streaming/pkg/streaming"
)

func main() {}
