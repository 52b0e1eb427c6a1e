package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"sigs.k8s.io/apiserver-network-proxy/konnectivity-client/pkg/client"
)

// proxy is what carries connections to the target; without an address there is none.
type proxy struct{ address, mode, ca, cert, key string }

func proxyFlags(flags *flag.FlagSet) *proxy {
	p := new(proxy)
	flags.StringVar(&p.address, "proxy", "", "host:port of a proxy, asked over TLS")
	flags.StringVar(&p.mode, "proxy-mode", "connect", "how it is asked: connect (HTTP CONNECT), grpc (konnectivity, a tunnel for each connection)")
	flags.StringVar(&p.ca, "proxy-ca", "", "its CA file")
	flags.StringVar(&p.cert, "proxy-cert", "", "client certificate for it")
	flags.StringVar(&p.key, "proxy-key", "", "its key")
	return p
}

// check refuses flags that do not go together.
func (p *proxy) check(flags *flag.FlagSet) error {
	if p.address == "" {
		var lost error
		flags.Visit(func(f *flag.Flag) {
			if strings.HasPrefix(f.Name, "proxy-") {
				lost = fmt.Errorf("-%s needs -proxy", f.Name)
			}
		})
		return lost
	}
	if p.mode != "connect" && p.mode != "grpc" {
		return fmt.Errorf("-proxy-mode: connect or grpc, not %q", p.mode)
	}
	if p.ca == "" {
		return errors.New("-proxy needs -proxy-ca")
	}
	if (p.cert == "") != (p.key == "") {
		return errors.New("-proxy-cert and -proxy-key go together")
	}
	return nil
}

// dialer opens TCP connections through the proxy; nil: there is none.
func (p *proxy) dialer() (func(address string) (net.Conn, error), error) {
	if p.address == "" {
		return nil, nil
	}
	config, err := tlsConfig(p.ca, p.cert, p.key)
	if err != nil {
		return nil, err
	}
	if p.mode == "grpc" {
		// Of HTTP/2, which gRPC adds.
		config.NextProtos = nil
		return func(address string) (net.Conn, error) { return tunnel(p.address, address, config) }, nil
	}
	return func(address string) (net.Conn, error) { return connect(p.address, address, config) }, nil
}

// connect asks by HTTP CONNECT.
func connect(proxy, address string, config *tls.Config) (net.Conn, error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: giveUp}, "tcp", proxy, config)
	if err != nil {
		return nil, err
	}
	return conn, inTime(conn, func() error { return askToConnect(conn, address) })
}

func askToConnect(conn net.Conn, address string) error {
	if _, err := fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", address, address); err != nil {
		return err
	}
	var head strings.Builder
	for one := make([]byte, 1); !strings.HasSuffix(head.String(), "\r\n\r\n"); head.Write(one) {
		if _, err := conn.Read(one); err != nil {
			return err
		}
	}
	if !strings.Contains(strings.SplitN(head.String(), "\r\n", 2)[0], " 200") {
		return fmt.Errorf("the proxy answered %q", head.String())
	}
	return nil
}

// tunnel asks by konnectivity's gRPC, with a connection to its server for each tunnel, as kube-apiserver does.
func tunnel(proxy, address string, config *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	// The tunnel outlives the context in which it is made.
	made, err := client.CreateSingleUseGrpcTunnelWithContext(ctx, context.Background(), proxy, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		return nil, err
	}
	conn, err := made.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &tunnelled{Conn: conn}, nil
}

// tunnelled gives a tunnel's connection what it lacks: deadlines, which end it, and a Close that does not wait for the other end's.
type tunnelled struct {
	net.Conn
	mu    sync.Mutex
	timer *time.Timer
	late  atomic.Bool
}

func (t *tunnelled) SetDeadline(at time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.IsZero() {
		if t.timer != nil {
			t.timer.Stop()
		}
		return nil
	}
	if t.timer == nil {
		t.timer = time.AfterFunc(time.Until(at), func() {
			t.late.Store(true)
			_ = t.Conn.Close()
		})
	} else {
		t.timer.Reset(time.Until(at))
	}
	return nil
}

func (t *tunnelled) Read(into []byte) (int, error) {
	n, err := t.Conn.Read(into)
	if err != nil && t.late.Load() {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

func (t *tunnelled) Close() error {
	t.mu.Lock()
	if t.timer != nil {
		t.timer.Stop()
	}
	t.mu.Unlock()
	go func() { _ = t.Conn.Close() }()
	return nil
}
