package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// A longer line is stored in pieces, as container runtimes do.
const maxLogLineBytes = 16 * 1024

// containerLog is what one run of a container wrote, in the format of container runtimes:
// "2006-01-02T15:04:05.999999999Z07:00 stdout F text\n", with P in place of F for a line that goes on.
type containerLog struct {
	path string

	mu      sync.Mutex
	file    *os.File
	ended   bool
	changed chan struct{} // closed, and replaced, at every change
}

func newContainerLog(path string) (*containerLog, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &containerLog{path: path, file: file, changed: make(chan struct{})}, nil
}

// logOptions are those of the kubelet's containerLogs.
type logOptions struct {
	follow     bool
	timestamps bool
	since      time.Time // zero: from the beginning
	tailLines  int64     // negative: all
	limitBytes int64     // zero: no limit
	stream     string    // "stdout", "stderr" or "" for both
}

// stream returns a writer that cuts what a process writes into lines of the log; flush ends the last line.
func (l *containerLog) stream(name string) *logStream {
	return &logStream{log: l, name: name}
}

type logStream struct {
	log  *containerLog
	name string
	line []byte
}

func (s *logStream) Write(p []byte) (int, error) {
	var records bytes.Buffer
	now := time.Now().UTC().Format(time.RFC3339Nano)
	rest := p
	for len(rest) > 0 {
		end := bytes.IndexByte(rest, '\n')
		whole := end >= 0
		if !whole {
			end = len(rest)
		}
		if room := maxLogLineBytes - len(s.line); end > room {
			s.line = append(s.line, rest[:room]...)
			rest = rest[room:]
			s.record(&records, now, "P")
			continue
		}
		s.line = append(s.line, rest[:end]...)
		if !whole {
			break
		}
		rest = rest[end+1:]
		s.record(&records, now, "F")
	}
	return len(p), s.log.append(records.Bytes())
}

func (s *logStream) flush() {
	if len(s.line) > 0 {
		var records bytes.Buffer
		s.record(&records, time.Now().UTC().Format(time.RFC3339Nano), "P")
		_ = s.log.append(records.Bytes())
	}
}

func (s *logStream) record(to *bytes.Buffer, now, tag string) {
	fmt.Fprintf(to, "%s %s %s ", now, s.name, tag)
	to.Write(s.line)
	to.WriteByte('\n')
	s.line = s.line[:0]
}

func (l *containerLog) append(records []byte) error {
	if len(records) == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return os.ErrClosed
	}
	_, err := l.file.Write(records)
	l.wake()
	return err
}

// end says that nothing will follow.
func (l *containerLog) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.ended = true
		l.file.Close()
		l.wake()
	}
}

func (l *containerLog) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *containerLog) state() (ended bool, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended, l.changed
}

var errLogLimit = errors.New("limitBytes reached")

// copyTo writes the log, calling flush before every wait; with follow it goes on until the container or ctx ends.
func (l *containerLog) copyTo(ctx context.Context, w io.Writer, flush func(), o logOptions) error {
	file, err := os.Open(l.path)
	if err != nil {
		return err
	}
	defer file.Close()
	if o.tailLines >= 0 {
		if err := seekToTail(file, o.tailLines); err != nil {
			return err
		}
	}
	out := &limitedWriter{w: w, left: o.limitBytes, limited: o.limitBytes > 0}
	reader := bufio.NewReaderSize(file, 64*1024)
	var partial []byte
	continued := false // the record before was a line's beginning
	for {
		ended, changed := l.state() // before reading: what is written after it wakes us
		for {
			line, err := reader.ReadBytes('\n')
			partial = append(partial, line...)
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
			if err := writeRecord(out, partial, continued, o); err != nil {
				if err == errLogLimit {
					return nil
				}
				return err
			}
			continued = isPartial(partial)
			partial = partial[:0]
			if ctx.Err() != nil {
				return nil
			}
		}
		flush()
		if ended || !o.follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

func isPartial(record []byte) bool {
	fields := bytes.SplitN(record, []byte(" "), 4)
	return len(fields) == 4 && string(fields[2]) == "P"
}

func writeRecord(w io.Writer, record []byte, continued bool, o logOptions) error {
	fields := bytes.SplitN(record, []byte(" "), 4)
	if len(fields) != 4 {
		return fmt.Errorf("malformed log record of %d bytes", len(record))
	}
	if o.stream != "" && o.stream != string(fields[1]) {
		return nil
	}
	if !o.since.IsZero() {
		at, err := time.Parse(time.RFC3339Nano, string(fields[0]))
		if err != nil {
			return fmt.Errorf("malformed log record: %w", err)
		}
		if at.Before(o.since) {
			return nil
		}
	}
	text := fields[3]
	if fields[2][0] == 'P' {
		text = text[:len(text)-1]
	}
	if o.timestamps && !continued {
		text = append(append(append([]byte{}, fields[0]...), ' '), text...)
	}
	_, err := w.Write(text)
	return err
}

// seekToTail places the file at the beginning of its last n lines.
func seekToTail(file *os.File, n int64) error {
	const block = 64 * 1024
	position, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if n == 0 {
		return nil
	}
	buffer := make([]byte, block)
	newlines := int64(0)
	for position > 0 {
		size := min(position, block)
		position -= size
		if _, err := file.ReadAt(buffer[:size], position); err != nil {
			return err
		}
		for i := size - 1; i >= 0; i-- {
			if buffer[i] != '\n' {
				continue
			}
			// The newline before the first wanted line is the one after n others.
			if newlines++; newlines > n {
				_, err := file.Seek(position+i+1, io.SeekStart)
				return err
			}
		}
	}
	_, err = file.Seek(0, io.SeekStart)
	return err
}

type limitedWriter struct {
	w       io.Writer
	left    int64
	limited bool
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	if !l.limited {
		return l.w.Write(p)
	}
	if int64(len(p)) < l.left {
		l.left -= int64(len(p))
		return l.w.Write(p)
	}
	if _, err := l.w.Write(p[:l.left]); err != nil {
		return 0, err
	}
	l.left = 0
	return len(p), errLogLimit
}
