// Command gateway is the HTTPS reverse proxy that clusters' gateways put in front of konnectivity: it checks a bearer token and asks the konnectivity server,
// by gRPC, for a connection to the target. Connections are kept; with -fresh each request makes one, as gateways do that dial for every request.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"sigs.k8s.io/apiserver-network-proxy/konnectivity-client/pkg/client"
)

const (
	prefix = "/cluster-a"
	bearer = "Bearer bench"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	cert := flag.String("cert", "", "its certificate")
	key := flag.String("key", "", "its key")
	target := flag.String("target", "", "URL that is asked")
	proxy := flag.String("proxy", "", "host:port of the konnectivity server's gRPC mode")
	ca := flag.String("ca", "", "CA file of both")
	clientCert := flag.String("client-cert", "", "certificate for the konnectivity server")
	clientKey := flag.String("client-key", "", "its key")
	fresh := flag.Bool("fresh", false, "a connection for each request")
	flag.Parse()
	if err := serve(*listen, *cert, *key, *target, *proxy, *ca, *clientCert, *clientKey, *fresh); err != nil {
		log.Fatal(err)
	}
}

func serve(listen, cert, key, target, proxy, ca, clientCert, clientKey string, fresh bool) error {
	to, err := url.Parse(target)
	if err != nil {
		return err
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s holds no certificate", ca)
	}
	own, err := tls.LoadX509KeyPair(clientCert, clientKey)
	if err != nil {
		return err
	}
	toProxy := grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: roots, Certificates: []tls.Certificate{own}}))
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			// The tunnel outlives the request that needed it first.
			tunnel, err := client.CreateSingleUseGrpcTunnelWithContext(ctx, context.Background(), proxy, toProxy)
			if err != nil {
				return nil, err
			}
			return tunnel.DialContext(ctx, network, address)
		},
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		DisableCompression:  true,
		DisableKeepAlives:   fresh,
		MaxIdleConnsPerHost: 4096,
		IdleConnTimeout:     time.Minute,
	}
	silent := log.New(io.Discard, "", 0)
	forward := http.StripPrefix(prefix, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Del("Authorization")
		},
		Transport:     transport,
		FlushInterval: -1,
		ErrorLog:      silent,
	})
	server := &http.Server{
		Addr:     listen,
		ErrorLog: silent,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != bearer {
				http.Error(w, "unauthorized", http.StatusUnauthorized)
				return
			}
			forward.ServeHTTP(w, r)
		}),
	}
	return server.ListenAndServeTLS(cert, key)
}
