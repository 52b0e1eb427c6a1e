// Command server is what remotedialer lacks, a server of its own: agents dial it over WebSocket, and an HTTPS reverse proxy checks a bearer token and asks the
// target through an agent's tunnel. Connections are kept.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"

	"github.com/rancher/remotedialer"
	"github.com/sirupsen/logrus"
)

const (
	cluster       = "cluster-a"
	clusterHeader = "X-Cluster"
	bearer        = "Bearer bench"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address for users")
	agentListen := flag.String("agent-listen", "127.0.0.1:0", "address for agents")
	cert := flag.String("cert", "", "certificate of both")
	key := flag.String("key", "", "its key")
	target := flag.String("target", "", "URL that is asked")
	ca := flag.String("ca", "", "its CA file")
	flag.Parse()
	logrus.SetLevel(logrus.WarnLevel)
	if err := serve(*listen, *agentListen, *cert, *key, *target, *ca); err != nil {
		log.Fatal(err)
	}
}

func serve(listen, agentListen, cert, key, target, ca string) error {
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
	tunnels := remotedialer.New(func(r *http.Request) (string, bool, error) {
		name := r.Header.Get(clusterHeader)
		return name, name != "" && r.Header.Get("Authorization") == bearer, nil
	}, remotedialer.DefaultErrorWriter)
	silent := log.New(io.Discard, "", 0)
	forward := http.StripPrefix("/"+cluster, &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Del("Authorization")
		},
		Transport: &http.Transport{
			DialContext:         tunnels.Dialer(cluster),
			TLSClientConfig:     &tls.Config{RootCAs: roots},
			DisableCompression:  true,
			MaxIdleConnsPerHost: 4096,
			IdleConnTimeout:     time.Minute,
		},
		FlushInterval: -1,
		ErrorLog:      silent,
	})
	ended := make(chan error, 2)
	go func() {
		// WebSocket is HTTP/1.1's.
		protocols := new(http.Protocols)
		protocols.SetHTTP1(true)
		agents := &http.Server{Addr: agentListen, Handler: tunnels, ErrorLog: silent, Protocols: protocols}
		ended <- agents.ListenAndServeTLS(cert, key)
	}()
	go func() {
		users := &http.Server{
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
		ended <- users.ListenAndServeTLS(cert, key)
	}()
	return <-ended
}
