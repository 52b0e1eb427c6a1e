// Command mct-agent runs multiclustertunnel's own agent library, unchanged, with a router that sends every request to one HTTPS upstream and nobody who asks
// for tokens: its own program needs two Kubernetes clusters. Built within that project, whose dependencies it shares (build.sh).
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

	"github.com/xuezhaojun/multiclustertunnel/pkg/agent"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
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
	cluster := flag.String("cluster", "", "its name")
	target := flag.String("target", "", "host:port of the upstream")
	ca := flag.String("ca", "", "CA file of both")
	socket := flag.String("socket", "", "Unix socket between the library's two halves")
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
	config := &agent.Config{HubAddress: *hub, ClusterName: *cluster, UDSSocketPath: *socket, DialOptions: []grpc.DialOption{toHub}}
	log.Fatal(agent.New(ctx, config, everybody{}, authorities{pool}, router{"/" + *cluster, *target}).Run(ctx))
}
