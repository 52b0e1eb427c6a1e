// Command mct-agent runs multiclustertunnel's own agent library, unchanged, with a router that sends every request to one HTTPS upstream and nobody who asks
// for tokens: its own program needs two Kubernetes clusters. With -agents it only holds so many tunnels, each with a connection and a cluster of its own, as the library
// opens them, and says `connected` when all are there. Built within that project, whose dependencies it shares (build.sh).
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	v1 "github.com/xuezhaojun/multiclustertunnel/api/v1"
	"github.com/xuezhaojun/multiclustertunnel/pkg/agent"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
)

type everybody struct{}

func (everybody) Process(string, *http.Request) (error, int) { return nil, http.StatusOK }

type authorities struct{ pool *x509.CertPool }

func (a authorities) GetRootCAs() (*x509.CertPool, error) { return a.pool, nil }

type router struct{ prefix, target string }

func (r router) ParseTargetService(request *http.Request) (string, string, string, error) {
	path, ok := strings.CutPrefix(request.URL.Path, r.prefix)
	if !ok {
		return "", "", "", fmt.Errorf("%s is not below %s", request.URL.Path, r.prefix)
	}
	return "https", r.target, path, nil
}

func main() {
	hub := flag.String("hub", "", "host:port")
	cluster := flag.String("cluster", "", "its name; with -agents, how their names begin")
	target := flag.String("target", "", "host:port of the upstream")
	ca := flag.String("ca", "", "CA file of both")
	socket := flag.String("socket", "", "Unix socket between the library's two halves")
	agents := flag.Int("agents", 0, "hold so many tunnels instead")
	flag.Parse()
	pem, err := os.ReadFile(*ca)
	if err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		log.Fatalf("%s holds no certificate", *ca)
	}
	ctx := context.Background()
	toHub := grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool}))
	for i := range *agents {
		if err := hold(ctx, *hub, fmt.Sprintf("%s-%d", *cluster, i), toHub); err != nil {
			log.Fatal(err)
		}
	}
	if *agents > 0 {
		fmt.Println("connected")
		select {}
	}
	config := &agent.Config{HubAddress: *hub, ClusterName: *cluster, UDSSocketPath: *socket, DialOptions: []grpc.DialOption{toHub}}
	log.Fatal(agent.New(ctx, config, everybody{}, authorities{pool}, router{"/" + *cluster, *target}).Run(ctx))
}

// hold opens a tunnel, which nothing is to come through.
func hold(ctx context.Context, hub, cluster string, option grpc.DialOption) error {
	conn, err := grpc.NewClient(hub, option)
	if err != nil {
		return err
	}
	stream, err := v1.NewTunnelServiceClient(conn).Tunnel(metadata.AppendToOutgoingContext(ctx, "cluster-name", cluster), grpc.WaitForReady(true))
	if err != nil {
		return err
	}
	go func() {
		_, err := stream.Recv()
		log.Fatalf("the tunnel of %s has ended: %v", cluster, err)
	}()
	return nil
}
