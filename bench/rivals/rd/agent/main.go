// Command agent runs remotedialer's own client over WebSocket and TLS. With -agents it is so many of them, each with a connection and a cluster of its own, and
// says `connected` when all are.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
	"github.com/rancher/remotedialer"
	"github.com/sirupsen/logrus"
	"mctunnel/bench/rivals/proxy"
)

// So many connect at a time.
const coming = 64

func main() {
	hub := flag.String("hub", "", "wss URL")
	cluster := flag.String("cluster", "", "its name; with -agents, how their names begin")
	ca := flag.String("ca", "", "CA file")
	agents := flag.Int("agents", 0, "so many agents")
	flag.Parse()
	logrus.SetLevel(logrus.WarnLevel)
	roots, err := proxy.Roots(*ca)
	if err != nil {
		log.Fatal(err)
	}
	dialer := &websocket.Dialer{TLSClientConfig: &tls.Config{RootCAs: roots}, HandshakeTimeout: remotedialer.HandshakeTimeOut}
	if *agents == 0 {
		stay(*hub, *cluster, dialer, func() {})
	}
	var connected sync.WaitGroup
	slots := make(chan struct{}, coming)
	for i := range *agents {
		slots <- struct{}{}
		connected.Add(1)
		go stay(*hub, fmt.Sprintf("%s-%d", *cluster, i), dialer, sync.OnceFunc(func() {
			<-slots
			connected.Done()
		}))
	}
	connected.Wait()
	fmt.Println("connected")
	select {}
}

// stay connects, and again whenever the connection has ended; the library waits before.
func stay(hub, cluster string, dialer *websocket.Dialer, connected func()) {
	header := http.Header{"X-Cluster": {cluster}, "Authorization": {proxy.Authorization}}
	for {
		_ = remotedialer.ClientConnect(context.Background(), hub, header, dialer,
			func(string, string) bool { return true },
			func(context.Context, *remotedialer.Session) error { connected(); return nil })
	}
}
