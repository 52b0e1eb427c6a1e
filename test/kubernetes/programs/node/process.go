package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/creack/pty"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// process is a local process in a session of its own, with pipes or a terminal, that ends with the node.
type process struct {
	cmd      *exec.Cmd
	terminal *os.File // nil without a terminal
	stdin    io.WriteCloser
	stdout   io.ReadCloser
	stderr   io.ReadCloser // nil with a terminal

	exited chan struct{}
	code   int // valid when exited is closed
	signal syscall.Signal
}

type processOptions struct {
	command   []string
	env       []string
	directory string
	stdin     bool // false: /dev/null
	terminal  bool
}

// startProcess fails when the command cannot be started; the caller reads stdout and stderr and calls close.
func startProcess(o processOptions) (*process, error) {
	if len(o.command) == 0 {
		return nil, errors.New("no command: this node runs commands, not images; give the container a command or args")
	}
	path, err := lookPath(o.command[0], o.env, o.directory)
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{Path: path, Args: o.command, Env: o.env, Dir: o.directory}
	// A session of its own, so that one signal reaches it and what it started; killed with the node.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	if o.terminal {
		err = p.startInTerminal(o.stdin)
	} else {
		err = p.startWithPipes(o.stdin)
	}
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", o.command[0], err)
	}
	go p.wait()
	return p, nil
}

func (p *process) startInTerminal(stdin bool) error {
	p.cmd.SysProcAttr.Setctty = true
	terminal, err := pty.StartWithAttrs(p.cmd, nil, p.cmd.SysProcAttr)
	if err != nil {
		return err
	}
	p.terminal, p.stdout = terminal, terminalOutput{terminal}
	if stdin {
		// The end of a client's input is not the end of the terminal.
		p.stdin = nopCloser{terminal}
	}
	return nil
}

func (p *process) startWithPipes(stdin bool) error {
	var theirs []*os.File
	defer func() {
		for _, file := range theirs {
			file.Close()
		}
	}()
	pipe := func() (read, write *os.File, err error) {
		if read, write, err = os.Pipe(); err == nil {
			return read, write, nil
		}
		p.close()
		return nil, nil, err
	}
	if stdin {
		read, write, err := pipe()
		if err != nil {
			return err
		}
		p.cmd.Stdin, p.stdin = read, write
		theirs = append(theirs, read)
	}
	read, write, err := pipe()
	if err != nil {
		return err
	}
	p.cmd.Stdout, p.stdout = write, read
	theirs = append(theirs, write)
	if read, write, err = pipe(); err != nil {
		return err
	}
	p.cmd.Stderr, p.stderr = write, read
	theirs = append(theirs, write)
	if err := p.cmd.Start(); err != nil {
		p.close()
		return err
	}
	return nil
}

func (p *process) wait() {
	_ = p.cmd.Wait()
	p.code = p.cmd.ProcessState.ExitCode()
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		p.signal = status.Signal()
		p.code = 128 + int(p.signal)
	}
	close(p.exited)
}

// kill signals the process and all of its session's process group.
func (p *process) kill(signal syscall.Signal) {
	_ = syscall.Kill(-p.cmd.Process.Pid, signal)
}

func (p *process) close() {
	for _, c := range []io.Closer{p.stdin, p.stdout, p.stderr} {
		if c != nil {
			c.Close()
		}
	}
}

// copyOutput copies what the process writes until its ends are closed. A writer that fails is a reader that went away:
// the process then gets SIGPIPE, as in a shell's pipeline.
func (p *process) copyOutput(stdout, stderr io.Writer) {
	var copies sync.WaitGroup
	for _, c := range []struct {
		from io.ReadCloser
		to   io.Writer
	}{{p.stdout, stdout}, {p.stderr, stderr}} {
		if c.from == nil {
			continue
		}
		to := c.to
		if to == nil {
			to = io.Discard
		}
		copies.Go(func() {
			_, _ = io.Copy(to, c.from)
			c.from.Close()
		})
	}
	copies.Wait()
}

// resize follows the client's window until it goes away.
func (p *process) resize(sizes <-chan remotecommand.TerminalSize) {
	for size := range sizes {
		if p.terminal != nil && size.Width > 0 && size.Height > 0 {
			_ = pty.Setsize(p.terminal, &pty.Winsize{Rows: size.Height, Cols: size.Width})
		}
	}
}

// terminalOutput turns the error that Linux gives when the last user of a terminal is gone into its end.
type terminalOutput struct{ *os.File }

func (t terminalOutput) Read(p []byte) (int, error) {
	n, err := t.File.Read(p)
	if errors.Is(err, syscall.EIO) {
		err = io.EOF
	}
	return n, err
}

// WriteTo would bypass Read.
func (t terminalOutput) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{t})
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// lookPath finds a command as the container would: in its own PATH, from its own folder.
func lookPath(name string, env []string, directory string) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(directory, name)
		}
		return name, executable(name)
	}
	path := ""
	for _, variable := range env {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	for _, folder := range filepath.SplitList(path) {
		if candidate := filepath.Join(folder, name); filepath.IsAbs(candidate) && executable(candidate) == nil {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("exec: %q: executable file not found in $PATH", name)
}

func executable(path string) error {
	stat, err := os.Stat(path)
	if err != nil {
		return err
	}
	if stat.IsDir() || stat.Mode().Perm()&0o111 == 0 {
		return fmt.Errorf("exec: %q: permission denied", path)
	}
	return nil
}
