// Command gateway is the HTTPS reverse proxy that clusters' gateways put in front of konnectivity: it asks the konnectivity server, by gRPC, for a connection to
// the target. Connections are kept; with -fresh each request makes one, as gateways do that dial for every request.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"mctunnel/bench/rivals/proxy"
	"sigs.k8s.io/apiserver-network-proxy/konnectivity-client/pkg/client"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	cert := flag.String("cert", "", "its certificate")
	key := flag.String("key", "", "its key")
	target := flag.String("target", "", "URL that is asked")
	server := flag.String("proxy", "", "host:port of the konnectivity server's gRPC mode")
	ca := flag.String("ca", "", "CA file of both")
	clientCert := flag.String("client-cert", "", "certificate for the konnectivity server")
	clientKey := flag.String("client-key", "", "its key")
	fresh := flag.Bool("fresh", false, "a connection for each request")
	flag.Parse()

	roots, err := proxy.Roots(*ca)
	if err != nil {
		log.Fatal(err)
	}
	own, err := tls.LoadX509KeyPair(*clientCert, *clientKey)
	if err != nil {
		log.Fatal(err)
	}
	toServer := grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{own}}))
	transport := proxy.Transport(roots, func(ctx context.Context, network, address string) (net.Conn, error) {
		// The tunnel outlives the request that needed it first.
		tunnel, err := client.CreateSingleUseGrpcTunnelWithContext(ctx, context.Background(), *server, toServer)
		if err != nil {
			return nil, err
		}
		return tunnel.DialContext(ctx, network, address)
	})
	transport.DisableKeepAlives = *fresh
	log.Fatal(proxy.Serve(*listen, *cert, *key, *target, transport))
}
