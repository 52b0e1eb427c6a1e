// Command anp-agents is many of konnectivity's agents in one process: its own agent library with the options of its own program, unchanged, each with a
// connection of its own. It says `connected` when all are. Built within that project, whose dependencies it shares (build.sh).
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"sigs.k8s.io/apiserver-network-proxy/cmd/agent/app/options"
	"sigs.k8s.io/apiserver-network-proxy/pkg/agent"
)

// So many connect at a time.
const coming = 64

func main() {
	server := flag.String("server", "", "host:port")
	ca := flag.String("ca", "", "CA file")
	cert := flag.String("cert", "", "client certificate")
	key := flag.String("key", "", "its key")
	agents := flag.Int("agents", 1, "so many agents")
	flag.Parse()
	if err := connect(*server, *ca, *cert, *key, *agents); err != nil {
		log.Fatal(err)
	}
	fmt.Println("connected")
	select {}
}

func connect(server, ca, cert, key string, agents int) error {
	host, portText, err := net.SplitHostPort(server)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(portText)
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
	own, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return err
	}
	config := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{own}}
	never := make(chan struct{})
	var connected sync.WaitGroup
	slots := make(chan struct{}, coming)
	for i := range agents {
		slots <- struct{}{}
		o := options.NewGrpcProxyAgentOptions()
		o.ProxyServerHost, o.ProxyServerPort = host, port
		o.AgentID = fmt.Sprintf("bench-%d", i)
		one := o.ClientSetConfig(
			grpc.WithTransportCredentials(credentials.NewTLS(config)),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: o.KeepaliveTime, PermitWithoutStream: true}),
		).NewAgentClientSet(never, never)
		one.SetServerCounter(agent.NewAggregateServerCounter(nil, agent.NewResponseBasedCounter(one), o.ServerCountSource))
		one.Serve()
		connected.Add(1)
		go func() {
			for one.ClientsCount() == 0 {
				time.Sleep(10 * time.Millisecond)
			}
			<-slots
			connected.Done()
		}()
	}
	connected.Wait()
	return nil
}
