// Command node is a Kubernetes node for tests: it registers itself, takes every pod that no scheduler has placed, runs
// the commands of their containers as local processes and serves the kubelet's API (exec, attach, port-forward, logs)
// with the library that container runtimes use for it. There are no images, mounts, probes, cgroups or namespaces.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// How long pods may take to end when the node does; what is left is killed.
const shutdownGrace = 2 * time.Second

type options struct {
	name                string
	kubeconfig          string
	schedulerKubeconfig string
	kubeletCA           string
	kubeletCAKey        string
	clientName          string
	directory           string
}

func main() {
	var o options
	flag.StringVar(&o.name, "name", "", "name of the node")
	flag.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig of system:node:NAME")
	flag.StringVar(&o.schedulerKubeconfig, "scheduler-kubeconfig", "", "kubeconfig of system:kube-scheduler, which binds pods")
	flag.StringVar(&o.kubeletCA, "kubelet-ca", "", "certificate of the authority for serving and client certificates")
	flag.StringVar(&o.kubeletCAKey, "kubelet-ca-key", "", "its key")
	flag.StringVar(&o.clientName, "client-name", "", "common name of the API server's client certificate")
	flag.StringVar(&o.directory, "directory", "", "where pods' working folders and logs are kept")
	flag.Parse()
	log.SetFlags(log.Ltime | log.Lmicroseconds)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := serve(ctx, o); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, o options) error {
	for _, value := range []string{o.name, o.kubeconfig, o.schedulerKubeconfig, o.kubeletCA, o.kubeletCAKey, o.clientName, o.directory} {
		if value == "" {
			return errors.New("every flag is needed: see -help")
		}
	}
	client, err := clientFrom(o.kubeconfig)
	if err != nil {
		return err
	}
	scheduler, err := clientFrom(o.schedulerKubeconfig)
	if err != nil {
		return err
	}
	network, err := openNetwork()
	if err != nil {
		return err
	}
	defer network.close()
	log.Printf("listening on %s, pods at %s", network.listener.Addr(), network.description)

	pods := newPods(ctx, client, o.name, network, filepath.Join(o.directory, "pods"))
	server, err := newServer(o, network, pods)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- server.ServeTLS(network.listener, "", "") }()
	if err := register(ctx, client, o.name, network); err != nil {
		return fmt.Errorf("registering the node: %w", err)
	}
	go renewLease(ctx, client, o.name)
	go bindPods(ctx, scheduler, o.name)
	go pods.watch(ctx)
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	}
	pods.close(shutdownGrace)
	server.Close()
	return err
}

func clientFrom(path string) (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	// No client-side rate limit: a test that creates a hundred pods should not wait for us.
	config.QPS = -1
	config.UserAgent = rest.DefaultKubernetesUserAgent()
	return kubernetes.NewForConfig(config)
}
