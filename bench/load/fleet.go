package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/encoding/protowire"
)

// As an agent has them (src/transport/connector.ts, src/transport/client.ts, src/tunnel/limits.ts).
const (
	dialTimeout  = 10 * time.Second
	firstDelay   = 100 * time.Millisecond
	largestDelay = 4 * time.Second
	eagerDelay   = time.Second
	eagerPeriod  = time.Minute
	stableAfter  = 10 * time.Second
	pingInterval = 15 * time.Second
	firstWindow  = 16 * 1024
	maxStreams   = 16_384
	http2Window  = 64 * 1024 * 1024
	// A Batch may have 64 KiB.
	flushBytes = 32 * 1024
)

const connectMethod = "/mctunnel.tunnel.v1.Tunnel/Connect"

const report = `{"version":1,"apiServer":{"reachable":true,"kubernetesVersion":"v1.36.3"},"impersonation":{"missing":[],"missingCount":0}}`

type fleetOrder struct {
	// HOST:PORT of the hub's tunnel port.
	Hub      string `json:"hub"`
	ServerCA string `json:"caBundle"`
	// Of all of them.
	Key    string `json:"key"`
	Agents []struct {
		UID         string `json:"uid"`
		Certificate string `json:"certificate"`
	} `json:"agents"`
}

// fleet is many agents with a connection, a certificate and a tunnel each, and 1 KiB for every request, so cheap that a hub on the same machine is what is measured.
// They come back as agents do, but heed no word of when to; they answer every Open alike, and take no bodies. It reads a fleetOrder, a line of JSON, prints `{"connected":N}` whenever that changes, and ends with its standard input.
func fleet([]string) error {
	input := json.NewDecoder(os.Stdin)
	var order fleetOrder
	if err := input.Decode(&order); err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(order.ServerCA)) {
		return errors.New("caBundle holds no certificate")
	}
	connected := make(chan int)
	for _, one := range order.Agents {
		pair, err := tls.X509KeyPair([]byte(one.Certificate), []byte(order.Key))
		if err != nil {
			return err
		}
		config := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}
		go (&agent{hub: order.Hub, uid: one.UID, tls: config, changed: connected}).stayConnected()
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	count := 0
	for change := range connected {
		count += change
		fmt.Printf("{\"connected\":%d}\n", count)
	}
	return nil
}

type agent struct {
	hub, uid string
	tls      *tls.Config
	// 1 or -1.
	changed chan<- int
}

func (a *agent) stayConnected() {
	ceiling, since := firstDelay, time.Now()
	for {
		if lived := a.session(); lived > 0 {
			since = time.Now()
			if lived >= stableAfter {
				ceiling = firstDelay
			}
		}
		limit := ceiling
		if time.Since(since) < eagerPeriod {
			limit = min(limit, eagerDelay)
		}
		time.Sleep(time.Duration(mathrand.Float64() * float64(limit)))
		ceiling = min(2*ceiling, largestDelay)
	}
}

// session dials, and returns at its end how long it lived; 0: there was none.
func (a *agent) session() time.Duration {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tooLate := time.AfterFunc(dialTimeout, cancel)
	defer tooLate.Stop()
	channel, err := grpc.NewClient("passthrough:///"+a.hub,
		grpc.WithTransportCredentials(credentials.NewTLS(a.tls)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingInterval, Timeout: 2 * pingInterval}),
		grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(),
		// Else grpc-go sends a PING of its own for what comes.
		grpc.WithInitialWindowSize(http2Window), grpc.WithInitialConnWindowSize(http2Window),
		grpc.WithReadBufferSize(4096), grpc.WithWriteBufferSize(4096))
	if err != nil {
		return 0
	}
	defer func() { _ = channel.Close() }()
	call, err := channel.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, connectMethod, grpc.ForceCodec(bytesCodec{}))
	if err != nil || call.SendMsg(a.hello()) != nil {
		return 0
	}
	var began time.Time
	for {
		var message []byte
		if call.RecvMsg(&message) != nil {
			break
		}
		got, err := readBatch(message)
		if err != nil || got.goAway {
			break
		}
		if got.welcome && began.IsZero() {
			if !tooLate.Stop() {
				break
			}
			began = time.Now()
			a.changed <- 1
			got.answers = append(got.answers, nested(nil, 3, number(nil, 1, 1)), reportFrames())
		}
		if sendAll(call, got.answers) != nil {
			break
		}
	}
	if began.IsZero() {
		return 0
	}
	a.changed <- -1
	return time.Since(began)
}

func (a *agent) hello() []byte {
	instance := make([]byte, 16)
	_, _ = rand.Read(instance)
	var hello []byte
	hello = number(hello, 1, 1)
	hello = text(hello, 2, "fleet")
	hello = text(hello, 3, hex.EncodeToString(instance)+"-0")
	hello = text(hello, 4, a.uid)
	hello = text(hello, 5, "http")
	hello = number(hello, 6, maxStreams)
	hello = number(hello, 7, firstWindow)
	return nested(nil, 1, hello)
}

// reportFrames is the Open and the data of a report, on the first stream of an agent.
func reportFrames() []byte {
	open := nested(number(nil, 1, 2), 5, text(nil, 1, "report"))
	data := text(number(number(nil, 1, 2), 2, 1), 3, report)
	return nested(nested(nil, 8, open), 8, data)
}

// oneKiB is a Head and 1 KiB.
func oneKiB(stream uint64) []byte {
	var head []byte
	head = number(head, 1, 200)
	for _, header := range []string{"Content-Type", "text/plain", "Content-Length", "1024"} {
		head = text(head, 2, header)
	}
	data := nested(number(number(nil, 1, stream), 2, 1), 3, patternAt(0, 1024))
	return nested(nested(nil, 8, nested(number(nil, 1, stream), 6, head)), 8, data)
}

// batch is what an agent does with one: fields of proto/mctunnel/tunnel/v1/tunnel.proto, as readBatch and the functions above number them.
type batch struct {
	welcome, goAway bool
	// What is said to it: fields of a Batch, which may be sent in several.
	answers [][]byte
}

func readBatch(message []byte) (batch, error) {
	var got batch
	received := uint64(0)
	err := eachField(message, func(field protowire.Number, _ uint64, inner []byte) error {
		switch field {
		case 2:
			got.welcome = true
		case 3:
			// A Pong is a Ping with another number.
			got.answers = append(got.answers, nested(nil, 4, inner))
		case 5:
			got.goAway = true
		case 8:
			stream, isOpen := uint64(0), false
			err := eachField(inner, func(field protowire.Number, value uint64, inner []byte) error {
				switch field {
				case 1:
					stream = value
				case 3:
					received += uint64(len(inner))
				case 5:
					isOpen = true
				}
				return nil
			})
			if isOpen {
				got.answers = append(got.answers, oneKiB(stream))
			}
			return err
		}
		return nil
	})
	if received > 0 {
		got.answers = append(got.answers, number(nil, 7, received))
	}
	return got, err
}

// eachField calls with a field's number and its varint, or its bytes.
func eachField(message []byte, read func(field protowire.Number, value uint64, inner []byte) error) error {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		var value uint64
		var inner []byte
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		case protowire.BytesType:
			inner, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(field, kind, message)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		message = message[n:]
		if err := read(field, value, inner); err != nil {
			return err
		}
	}
	return nil
}

func number(to []byte, field protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, field, protowire.VarintType), value)
}

func nested(to []byte, field protowire.Number, inner []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, field, protowire.BytesType), inner)
}

func text(to []byte, field protowire.Number, value string) []byte {
	return nested(to, field, []byte(value))
}

// sendAll sends them in as many Batches as it takes.
func sendAll(call grpc.ClientStream, answers [][]byte) error {
	var message []byte
	for i, one := range answers {
		message = append(message, one...)
		if len(message) < flushBytes && i < len(answers)-1 {
			continue
		}
		if err := call.SendMsg(message); err != nil {
			return err
		}
		message = nil
	}
	return nil
}

// bytesCodec leaves messages as they are.
type bytesCodec struct{}

func (bytesCodec) Marshal(message any) ([]byte, error) { return message.([]byte), nil }

func (bytesCodec) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}

func (bytesCodec) Name() string { return "proto" }
