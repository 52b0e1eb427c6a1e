package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// http2 shares so many connections among all askers, and opens more only where the server allows no more streams on one: as Go's clients do, kube-apiserver
// and kubectl among them.
type http2 struct {
	target
	transports []*http.Transport
	dials      atomic.Int64
}

func newHTTP2(to target, config *tls.Config, connections int) *http2 {
	h := &http2{target: to}
	config = config.Clone()
	config.NextProtos = nil
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	for range connections {
		h.transports = append(h.transports, &http.Transport{
			TLSClientConfig:    config,
			Protocols:          protocols,
			DisableCompression: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				h.dials.Add(1)
				return new(net.Dialer).DialContext(ctx, network, address)
			},
		})
	}
	return h
}

func (h *http2) begin(ctx context.Context, i int, q question) (io.ReadCloser, error) {
	var body io.Reader
	if q.upload > 0 {
		body = &patternReader{left: q.upload}
	}
	request, err := http.NewRequestWithContext(ctx, q.method, strings.TrimSuffix(h.base.String(), "/")+q.path, body)
	if err != nil {
		return nil, err
	}
	request.Header, request.ContentLength = h.header(q), q.upload
	response, err := h.transports[i%len(h.transports)].RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if response.ProtoMajor == 2 && response.StatusCode == http.StatusOK {
		return response.Body, nil
	}
	defer func() { _ = response.Body.Close() }()
	if response.ProtoMajor != 2 {
		return nil, errors.New("the server does not speak HTTP/2")
	}
	text, _ := io.ReadAll(io.LimitReader(response.Body, 300))
	return nil, fmt.Errorf("status %d: %s", response.StatusCode, text)
}

func (h *http2) open(i int, q question) (io.ReadCloser, error) {
	return h.begin(context.Background(), i, q)
}

type http2Asker struct {
	*http2
	i int
	question
	buffer []byte
}

func (h *http2) asker(i int, q question) (asker, error) {
	return &http2Asker{h, i, q, make([]byte, 64*1024)}, nil
}

func (a *http2Asker) ask(deadline time.Time) (int64, error) {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	body, err := a.begin(ctx, a.i, a.question)
	if err != nil {
		return 0, err
	}
	defer func() { _ = body.Close() }()
	got := int64(0)
	for err == nil {
		var n int
		n, err = body.Read(a.buffer)
		if a.want >= 0 && !matches(got, a.buffer[:n]) {
			return got, fmt.Errorf("wrong bytes near %d", got)
		}
		got += int64(n)
	}
	if err != io.EOF {
		return got, err
	}
	if a.want >= 0 && got != a.want {
		return got, fmt.Errorf("a body of %d bytes instead of %d", got, a.want)
	}
	return got, nil
}

func (a *http2Asker) close() {}

func (h *http2) watchQuietly(q question, count int) (func(), error) {
	ctx, cancel := context.WithCancel(context.Background())
	return cancel, openQuietly(count, func(i int) error {
		_, err := h.begin(ctx, i, q)
		return err
	})
}

// patternReader reads a body of the pattern.
type patternReader struct{ at, left int64 }

func (p *patternReader) Read(into []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n := copy(into, patternAt(p.at, int(min(p.left, int64(len(into))))))
	p.at, p.left = p.at+int64(n), p.left-int64(n)
	return n, nil
}
