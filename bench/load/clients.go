package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// question is what is asked, again and again.
type question struct {
	method string
	// Below the base URL.
	path string
	// Bytes of the pattern that are sent; 0: no body.
	upload int64
	// Bytes of the pattern that must come; -1: any answer.
	want int64
}

// clients ask a server in one version of HTTP. `i` tells those apart that ask at the same time.
type clients interface {
	asker(i int, q question) (asker, error)
	// open begins an answer that is read as it comes.
	open(i int, q question) (io.ReadCloser, error)
	// watchQuietly begins so many answers of which nothing comes. What it returns ends them.
	watchQuietly(q question, count int) (func(), error)
}

// asker asks one question again and again.
type asker interface {
	// ask returns the bytes of the answer's body.
	ask(deadline time.Time) (int64, error)
	close()
}

// target is where all questions go.
type target struct {
	base   *url.URL
	bearer string
}

func (t target) header(q question) http.Header {
	header := http.Header{"User-Agent": {"mctunnel-bench"}, "Accept": {"application/json"}}
	if t.bearer != "" {
		header.Set("Authorization", "Bearer "+t.bearer)
	}
	if q.upload > 0 {
		header.Set("Content-Type", "application/json")
	}
	return header
}

// http1 gives each asker a connection, or each of its questions.
type http1 struct {
	target
	dialer *dialer
	fresh  bool
}

// head is a request as it stands on the wire.
func (h *http1) head(q question) []byte {
	var head strings.Builder
	_, _ = fmt.Fprintf(&head, "%s %s%s HTTP/1.1\r\nHost: %s\r\n", q.method, strings.TrimSuffix(h.base.Path, "/"), q.path, h.base.Host)
	_ = h.header(q).Write(&head)
	if q.upload > 0 {
		_, _ = fmt.Fprintf(&head, "Content-Length: %d\r\n", q.upload)
	}
	head.WriteString("\r\n")
	return []byte(head.String())
}

type http1Asker struct {
	*connection
	head []byte
	question
}

// freshAsker dials for each question.
type freshAsker struct {
	*http1
	question
}

func (a *freshAsker) ask(deadline time.Time) (int64, error) {
	one, err := a.dialled(a.question)
	if err != nil {
		return 0, err
	}
	defer one.close()
	return one.ask(deadline)
}

func (a *freshAsker) close() {}

func (h *http1) asker(_ int, q question) (asker, error) {
	if h.fresh {
		return &freshAsker{h, q}, nil
	}
	return h.dialled(q)
}

func (h *http1) dialled(q question) (asker, error) {
	conn, err := h.dialer.dial()
	if err != nil {
		return nil, err
	}
	return &http1Asker{newConnection(conn), h.head(q), q}, nil
}

func (a *http1Asker) ask(deadline time.Time) (int64, error) {
	_ = a.SetDeadline(deadline)
	return a.exchange(a.head, a.upload, a.want)
}

func (a *http1Asker) close() { _ = a.Close() }

const statusOK = "HTTP/1.1 200"

func (h *http1) open(_ int, q question) (io.ReadCloser, error) {
	conn, err := h.dialer.dial()
	if err != nil {
		return nil, err
	}
	status := make([]byte, len(statusOK))
	if _, err = conn.Write(h.head(q)); err == nil {
		_, err = io.ReadFull(conn, status)
	}
	if err == nil && string(status) != statusOK {
		err = fmt.Errorf("%q instead of %q", status, statusOK)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

func (h *http1) watchQuietly(q question, count int) (func(), error) {
	open, err := h.dialer.watchQuietly(h.head(q), count)
	return func() { closeAll(open) }, err
}

func closeAll(conns []net.Conn) {
	for _, conn := range conns {
		_ = conn.Close()
	}
}
