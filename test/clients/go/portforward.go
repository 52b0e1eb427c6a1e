package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"

	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	streaming "k8s.io/streaming/pkg/httpstream"
)

type newDialer func(config *rest.Config, target *url.URL) (httpstream.Dialer, error)

func spdyDialer(config *rest.Config, target *url.URL) (httpstream.Dialer, error) {
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	return spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, target), nil
}

func webSocketDialer(config *rest.Config, target *url.URL) (httpstream.Dialer, error) {
	return portforward.NewSPDYOverWebsocketDialer(target, config)
}

func fallbackDialer(config *rest.Config, target *url.URL) (httpstream.Dialer, error) {
	primary, err := webSocketDialer(config, target)
	if err != nil {
		return nil, err
	}
	secondary, err := spdyDialer(config, target)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialer(primary, secondary, streaming.IsUpgradeFailure), nil
}

// portForward has several connections at once, to two servers, by each of client-go's dialers.
func portForward(ctx context.Context, config *rest.Config) error {
	// The node forwards to the pod's address or to loopback: these servers are the pod's, as far as anybody can tell.
	one, err := serve("one")
	if err != nil {
		return err
	}
	two, err := serve("two")
	if err != nil {
		return err
	}
	for _, by := range []struct {
		name string
		new  newDialer
	}{
		{"SPDY", spdyDialer},
		{"SPDY in a WebSocket", webSocketDialer},
		{"fallback", fallbackDialer},
	} {
		fmt.Printf("%s\n", by.name)
		recorded, requests := recording(config)
		if err := forward(ctx, recorded, by.new, []int{one, two}); err != nil {
			return err
		}
		requests.print(byMethod)
	}
	return nil
}

func forward(ctx context.Context, config *rest.Config, dialer newDialer, remotePorts []int) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	target := client.CoreV1().RESTClient().Post().Namespace(workNamespace).Resource("pods").Name(podName).
		SubResource("portforward").URL()
	dial, err := dialer(config, target)
	if err != nil {
		return err
	}
	wanted := make([]string, len(remotePorts))
	for i, port := range remotePorts {
		wanted[i] = fmt.Sprintf(":%d", port)
	}
	stop, ready, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	forwarder, err := portforward.NewOnAddresses(dial, []string{"127.0.0.1"}, wanted, stop, ready, io.Discard, os.Stderr)
	if err != nil {
		return err
	}
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-ended:
		return fmt.Errorf("forwarding ended before it was ready: %w", err)
	case <-ctx.Done():
		return ctx.Err()
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		return err
	}
	sizes := []int{0, 1, 1000, 65_536, 1_000_000, 4_000_000, 17, 2_500_000}
	answers := make([]string, len(sizes))
	if err := inParallel(len(sizes), len(sizes), func(i int) (err error) {
		answers[i], err = exchange(int(ports[i%len(ports)].Local), pattern(sizes[i], uint64(i)+1))
		return err
	}); err != nil {
		return err
	}
	for i, answer := range answers {
		fmt.Printf("  connection %d: %s\n", i, answer)
	}
	close(stop)
	select {
	case err := <-ended:
		fmt.Printf("  ended: %v\n", err)
		return nil
	case <-ctx.Done():
		return errors.New("forwarding did not end")
	}
}

// exchange waits for the server's greeting, sends everything, ends its own half and reads to the end.
func exchange(port int, bytes []byte) (string, error) {
	connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return "", err
	}
	defer connection.Close()
	greeting := make([]byte, 4)
	if _, err := io.ReadFull(connection, greeting); err != nil {
		return "", fmt.Errorf("no greeting: %w", err)
	}
	if _, err := connection.Write(bytes); err != nil {
		return "", err
	}
	if err := connection.(*net.TCPConn).CloseWrite(); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(connection)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%q, sent %s, got %s", greeting, sum(bytes), sum(answer)), nil
}

// serve greets first, reads to the end of the client's half, and answers with its hash and as many bytes as it got.
func serve(name string) (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				_, _ = connection.Write([]byte(name + "\n"))
				received, err := io.ReadAll(connection)
				if err != nil {
					return
				}
				hash := sha256.Sum256(received)
				_, _ = connection.Write(hash[:])
				_, _ = connection.Write(pattern(len(received), 99))
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
