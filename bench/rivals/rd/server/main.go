// Command server is what remotedialer lacks, a server of its own: agents dial it over WebSocket, and users' requests go to the target through an agent's
// tunnel. Connections are kept.
package main

import (
	"flag"
	"log"
	"net/http"

	"github.com/rancher/remotedialer"
	"github.com/sirupsen/logrus"
	"mctunnel/bench/rivals/proxy"
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

	roots, err := proxy.Roots(*ca)
	if err != nil {
		log.Fatal(err)
	}
	tunnels := remotedialer.New(func(r *http.Request) (string, bool, error) {
		name := r.Header.Get("X-Cluster")
		return name, name != "" && r.Header.Get("Authorization") == proxy.Authorization, nil
	}, remotedialer.DefaultErrorWriter)
	go func() {
		// WebSocket is HTTP/1.1's.
		protocols := new(http.Protocols)
		protocols.SetHTTP1(true)
		agents := &http.Server{Addr: *agentListen, Handler: tunnels, ErrorLog: proxy.Silent, Protocols: protocols}
		log.Fatal(agents.ListenAndServeTLS(*cert, *key))
	}()
	log.Fatal(proxy.Serve(*listen, *cert, *key, *target, proxy.Transport(roots, tunnels.Dialer(proxy.Cluster))))
}
