// Package proxy is the HTTPS reverse proxy that stands in front of the rivals' tunnels, the same for each, so that they differ in the tunnel only. It checks a
// bearer token.
package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"
)

const (
	// Cluster is the name that users ask for, as the first part of the path.
	Cluster = "cluster-a"
	// Authorization is the header that everybody sends.
	Authorization = "Bearer bench"
)

// Silent is what servers log to.
var Silent = log.New(io.Discard, "", 0)

// Roots reads a file of CA certificates.
func Roots(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return roots, nil
}

// Transport asks the target over connections that dial makes, which it keeps.
func Transport(roots *x509.CertPool, dial func(ctx context.Context, network, address string) (net.Conn, error)) *http.Transport {
	return &http.Transport{
		DialContext:         dial,
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		DisableCompression:  true,
		MaxIdleConnsPerHost: 4096,
		IdleConnTimeout:     time.Minute,
	}
}

// Serve serves users at an address and asks the target, a URL, for them, until it fails.
func Serve(listen, cert, key, target string, transport http.RoundTripper) error {
	to, err := url.Parse(target)
	if err != nil {
		return err
	}
	forward := http.StripPrefix("/"+Cluster, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Del("Authorization")
		},
		Transport:     transport,
		FlushInterval: -1,
		ErrorLog:      Silent,
	})
	server := &http.Server{
		Addr:     listen,
		ErrorLog: Silent,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != Authorization {
				http.Error(w, "unauthorized", http.StatusUnauthorized)
				return
			}
			forward.ServeHTTP(w, r)
		}),
	}
	return server.ListenAndServeTLS(cert, key)
}
