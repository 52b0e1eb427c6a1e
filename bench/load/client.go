package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// dialer makes connections to the target, straight or through a proxy.
type dialer struct {
	address string
	tls     *tls.Config
	// nil: straight.
	through func(address string) (net.Conn, error)
}

func (d *dialer) dial() (net.Conn, error) {
	if d.through == nil {
		return tls.DialWithDialer(&net.Dialer{Timeout: giveUp}, "tcp", d.address, d.tls)
	}
	outer, err := d.through(d.address)
	if err != nil {
		return nil, err
	}
	inner := tls.Client(outer, d.tls)
	return inner, inTime(outer, inner.Handshake)
}

// inTime does what must be over before giveUp, and closes the connection when it fails.
func inTime(conn net.Conn, do func() error) error {
	_ = conn.SetDeadline(time.Now().Add(giveUp))
	err := do()
	if err != nil {
		_ = conn.Close()
	}
	_ = conn.SetDeadline(time.Time{})
	return err
}

// connection is one kept-alive HTTP/1.1 connection.
type connection struct {
	net.Conn
	reader *bufio.Reader
	buffer []byte
}

func newConnection(conn net.Conn) *connection {
	return &connection{conn, bufio.NewReaderSize(conn, 64*1024), make([]byte, 64*1024)}
}

// exchange sends a request (and an upload of so many bytes behind it) and reads the answer, whose body must be `want` bytes of the pattern;
// -1: any body, of any content. Returns the bytes of the body.
func (c *connection) exchange(head []byte, upload, want int64) (int64, error) {
	if _, err := c.Write(head); err != nil {
		return 0, err
	}
	for at := int64(0); at < upload; {
		piece := patternAt(at, int(min(upload-at, 64*1024)))
		if _, err := c.Write(piece); err != nil {
			return 0, err
		}
		at += int64(len(piece))
	}
	status, length, chunked, err := c.head()
	if err != nil {
		return 0, err
	}
	if status != 200 {
		rest, _ := io.ReadAll(io.LimitReader(c.reader, max(length, 0)))
		return 0, fmt.Errorf("status %d: %.300s", status, rest)
	}
	got := int64(0)
	if chunked {
		got, err = c.chunks(want >= 0)
	} else if length < 0 {
		err = errors.New("an answer without a length")
	} else {
		got, err = c.body(0, length, want >= 0)
	}
	if err == nil && want >= 0 && got != want {
		err = fmt.Errorf("a body of %d bytes instead of %d", got, want)
	}
	return got, err
}

func (c *connection) line() (string, error) {
	line, err := c.reader.ReadSlice('\n')
	return strings.TrimSuffix(string(line), "\r\n"), err
}

func (c *connection) head() (status int, length int64, chunked bool, err error) {
	length = -1
	first, err := c.line()
	if err != nil {
		return
	}
	if len(first) < 12 {
		return 0, 0, false, fmt.Errorf("no status line: %q", first)
	}
	if status, err = strconv.Atoi(first[9:12]); err != nil {
		return
	}
	for {
		raw, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, 0, false, err
		}
		if len(raw) <= 2 {
			return status, length, chunked, nil
		}
		switch {
		case len(raw) > 15 && (raw[0]|0x20) == 'c' && strings.EqualFold(string(raw[:15]), "content-length:"):
			if length, err = strconv.ParseInt(strings.TrimSpace(string(raw[15:])), 10, 64); err != nil {
				return 0, 0, false, err
			}
		case len(raw) > 18 && (raw[0]|0x20) == 't' && strings.EqualFold(string(raw[:18]), "transfer-encoding:"):
			chunked = true
		}
	}
}

func (c *connection) body(at, length int64, check bool) (int64, error) {
	for left := length; left > 0; {
		n, err := c.reader.Read(c.buffer[:min(left, int64(len(c.buffer)))])
		if check && !matches(at, c.buffer[:n]) {
			return at, fmt.Errorf("wrong bytes near %d", at)
		}
		at, left = at+int64(n), left-int64(n)
		if err != nil && left > 0 {
			return at, err
		}
	}
	return at, nil
}

func (c *connection) chunks(check bool) (at int64, err error) {
	for {
		line, err := c.line()
		if err != nil {
			return at, err
		}
		size, err := strconv.ParseInt(line, 16, 64)
		if err != nil {
			return at, err
		}
		if at, err = c.body(at, size, check); err != nil {
			return at, err
		}
		if _, err = c.line(); err != nil || size == 0 {
			return at, err
		}
	}
}

const quietDials = 16

// openQuietly begins so many watches, a few at a time, and says which one failed.
func openQuietly(count int, begin func(i int) error) error {
	errs := make(chan error, quietDials)
	var next atomic.Int64
	for range quietDials {
		go func() {
			for i := int(next.Add(1)) - 1; i < count; i = int(next.Add(1)) - 1 {
				if err := begin(i); err != nil {
					errs <- fmt.Errorf("watch %d: %w", i, err)
					return
				}
			}
			errs <- nil
		}()
	}
	var failed error
	for range quietDials {
		if err := <-errs; err != nil {
			failed = err
		}
	}
	return failed
}

// watchQuietly opens so many connections with one request each whose answer has begun, and says nothing more.
func (d *dialer) watchQuietly(head []byte, count int) ([]net.Conn, error) {
	conns := make([]net.Conn, count)
	failed := openQuietly(count, func(i int) error {
		conn, err := d.dial()
		if err != nil {
			return err
		}
		conns[i] = conn
		_ = conn.SetDeadline(time.Now().Add(300 * time.Second))
		if _, err := conn.Write(head); err != nil {
			return err
		}
		// What comes behind the head is not read.
		c := &connection{conn, bufio.NewReaderSize(conn, 4096), nil}
		status, _, _, err := c.head()
		if err == nil && status != 200 {
			err = fmt.Errorf("status %d", status)
		}
		return err
	})
	opened := conns[:0]
	for _, conn := range conns {
		if conn != nil {
			opened = append(opened, conn)
		}
	}
	return opened, failed
}
