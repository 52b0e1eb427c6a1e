// Command client-go uses a cluster as programs on client-go do, and prints what it saw. Its output is the same whichever
// way the requests take to the cluster.
//
//	client-go populate KUBECONFIG NAMESPACE COUNT   creates ConfigMaps
//	client-go register KUBECONFIG COUNT             creates registrations of clusters
//	client-go follow KUBECONFIG KUBECONFIG-FOR-WRITES
//	client-go informer|exec|portforward|typed|openapi KUBECONFIG
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	// Where the ConfigMaps are that nobody changes while the programs run.
	objectsNamespace = "objects"
	// Where everything is that the programs make, and the pod.
	workNamespace = "clients"
	podName       = "shell"

	// Every wait ends with an error after this time.
	patience = 3 * time.Minute
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: client-go COMMAND KUBECONFIG …")
	}
	if args[0] == "follow" {
		return followArguments(args)
	}
	config, err := clientcmd.BuildConfigFromFlags("", args[1])
	if err != nil {
		return err
	}
	// No limit on the client's side.
	config.QPS = -1
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	switch args[0] {
	case "register":
		if len(args) != 3 {
			return fmt.Errorf("usage: client-go register KUBECONFIG COUNT")
		}
		count, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return register(ctx, config, count)
	case "populate":
		if len(args) != 4 {
			return fmt.Errorf("usage: client-go populate KUBECONFIG NAMESPACE COUNT")
		}
		count, err := strconv.Atoi(args[3])
		if err != nil {
			return err
		}
		return populate(ctx, config, args[2], count)
	}
	sections := map[string]func(context.Context, *rest.Config) error{
		"informer":    informer,
		"exec":        exec,
		"portforward": portForward,
		"typed":       typed,
		"openapi":     openAPI,
	}
	section, known := sections[args[0]]
	if !known {
		return fmt.Errorf("no such command: %s", args[0])
	}
	return section(ctx, config)
}
