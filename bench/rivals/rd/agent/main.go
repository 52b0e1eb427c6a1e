// Command agent runs remotedialer's own client over WebSocket and TLS.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"log"
	"net/http"
	"os"

	"github.com/gorilla/websocket"
	"github.com/rancher/remotedialer"
	"github.com/sirupsen/logrus"
)

func main() {
	hub := flag.String("hub", "", "wss URL")
	cluster := flag.String("cluster", "", "its name")
	ca := flag.String("ca", "", "CA file")
	flag.Parse()
	logrus.SetLevel(logrus.WarnLevel)
	pem, err := os.ReadFile(*ca)
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		log.Fatalf("%s holds no certificate", *ca)
	}
	dialer := &websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: roots}, HandshakeTimeout: remotedialer.HandshakeTimeOut}
	header := http.Header{"X-Cluster": {*cluster}, "Authorization": {"Bearer bench"}}
	for {
		// It waits before it returns an error.
		_ = remotedialer.ClientConnect(context.Background(), *hub, header, dialer, func(string, string) bool { return true }, nil)
	}
}
