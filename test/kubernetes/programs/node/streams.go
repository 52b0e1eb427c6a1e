package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// How long a connection to a pod's port may take to be made.
const dialTimeout = 10 * time.Second

// streams is what cri-streaming asks of a container runtime. The pod is found before the connection is upgraded.
type streams struct {
	pod *pod
}

// ExecInContainer runs a command in a running container until it ends.
func (s streams) ExecInContainer(ctx context.Context, _, _, name string, command []string, in io.Reader, out, errOut io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration) error {
	c, err := s.pod.container(name)
	if err != nil {
		return err
	}
	r, err := c.running()
	if err != nil {
		return err
	}
	p, err := startProcess(processOptions{command: command, env: r.env, directory: r.dir, stdin: in != nil, terminal: tty})
	if err != nil {
		return fmt.Errorf("failed to exec in container: %w", err)
	}
	r.addExec(p)
	defer r.removeExec(p)
	defer p.close()
	if resize != nil {
		go p.resize(resize)
	}
	if in != nil {
		go func() {
			_, _ = io.Copy(p.stdin, in)
			p.stdin.Close()
		}()
	}
	p.copyOutput(writerOrNil(out), writerOrNil(errOut))
	<-p.exited
	if p.code != 0 {
		return utilexec.CodeExitError{Err: fmt.Errorf("exit status %d", p.code), Code: p.code}
	}
	return nil
}

// AttachContainer joins the container's own process: what it writes from now on, and its standard input.
func (s streams) AttachContainer(ctx context.Context, _, _, name string, in io.Reader, out, errOut io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize) error {
	c, err := s.pod.container(name)
	if err != nil {
		return err
	}
	r, err := c.running()
	if err != nil {
		return err
	}
	gone := make(chan struct{}, 3)
	for stream, w := range map[string]io.WriteCloser{"stdout": out, "stderr": errOut} {
		if w == nil {
			continue
		}
		client := r.output[stream].add(w)
		defer r.output[stream].remove(client)
		go func() {
			select {
			case <-client.gone:
				gone <- struct{}{}
			case <-r.ended:
			}
		}()
	}
	if tty && resize != nil {
		go r.process.resize(resize)
	}
	if in != nil && r.process.stdin != nil {
		go func() {
			// Two clients at once take turns by chunks, as with other runtimes: both hold the same pipe.
			_, _ = io.Copy(r.process.stdin, in)
			if c.spec.StdinOnce {
				r.process.stdin.Close()
			}
		}()
	}
	select {
	case <-r.ended:
	case <-gone:
	case <-ctx.Done():
	}
	return nil
}

// PortForward connects the stream with a port of the pod; each direction ends on its own.
func (s streams) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	connection, err := s.dial(ctx, port)
	if err != nil {
		return err
	}
	defer connection.Close()
	finished := make(chan struct{})
	defer close(finished)
	go func() {
		select {
		case <-s.pod.done:
			connection.Close()
		case <-finished:
		}
	}()
	toPod := make(chan struct{})
	go func() {
		defer close(toPod)
		if _, err := io.Copy(connection, stream); err != nil {
			// The client is gone, or the pod's side takes no more: nothing to wait for.
			connection.Close()
			return
		}
		_ = connection.CloseWrite()
	}()
	_, err = io.Copy(stream, connection)
	if err != nil && errors.Is(err, net.ErrClosed) {
		err = nil
	}
	if err != nil {
		return err
	}
	// The end of what the pod sends; the client may still send.
	_ = stream.Close()
	<-toPod
	return nil
}

// dial tries the pod's own address and then the machine's loopback: without network namespaces both are the pod's.
func (s streams) dial(ctx context.Context, port int32) (*net.TCPConn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	var last error
	for _, host := range []string{s.pod.ip.String(), "127.0.0.1"} {
		connection, err := dialer.DialContext(ctx, "tcp4", net.JoinHostPort(host, strconv.Itoa(int(port))))
		if err == nil {
			return connection.(*net.TCPConn), nil
		}
		last = err
	}
	return nil, fmt.Errorf("failed to connect to localhost:%d inside the pod: %w", port, last)
}

// writerOrNil keeps a nil WriteCloser from becoming a Writer that is not nil.
func writerOrNil(w io.WriteCloser) io.Writer {
	if w == nil {
		return nil
	}
	return w
}
