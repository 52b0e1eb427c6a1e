package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"
	"k8s.io/streaming/pkg/httpstream"
)

const stdinBytes = 2 * 1024 * 1024

type newExecutor func(config *rest.Config, target *url.URL) (remotecommand.Executor, error)

func webSocketExecutor(config *rest.Config, target *url.URL) (remotecommand.Executor, error) {
	return remotecommand.NewWebSocketExecutor(config, "GET", target.String())
}

func spdyExecutor(config *rest.Config, target *url.URL) (remotecommand.Executor, error) {
	return remotecommand.NewSPDYExecutor(config, "POST", target)
}

// What kubectl uses.
func fallbackExecutor(first newExecutor) newExecutor {
	return func(config *rest.Config, target *url.URL) (remotecommand.Executor, error) {
		primary, err := first(config, target)
		if err != nil {
			return nil, err
		}
		secondary, err := spdyExecutor(config, target)
		if err != nil {
			return nil, err
		}
		return remotecommand.NewFallbackExecutor(primary, secondary, func(err error) bool {
			fallback := httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
			fmt.Printf("  falls back: %t\n", fallback)
			return fallback
		})
	}
}

// A client from the future: no server knows its protocol.
func unknownProtocolExecutor(config *rest.Config, target *url.URL) (remotecommand.Executor, error) {
	return remotecommand.NewWebSocketExecutorForProtocols(config, "GET", target.String(), "v99.channel.k8s.io")
}

// exec runs commands in the pod by each of client-go's executors.
func exec(ctx context.Context, config *rest.Config) error {
	for _, by := range []struct {
		name string
		new  newExecutor
	}{
		{"WebSocket", webSocketExecutor},
		{"SPDY", spdyExecutor},
		{"fallback that is not needed", fallbackExecutor(webSocketExecutor)},
		{"fallback that is needed", fallbackExecutor(unknownProtocolExecutor)},
		{"WebSocket with an unknown protocol", unknownProtocolExecutor},
	} {
		fmt.Printf("%s\n", by.name)
		recorded, requests := recording(config)
		shell := &shell{config: recorded, executor: by.new}
		shell.run(ctx, podName, "", "sh", "-c", "echo out; echo err >&2; exit 7")
		shell.run(ctx, podName, "", "true")
		shell.run(ctx, podName, string(pattern(stdinBytes, 1)), "cat")
		shell.run(ctx, podName, string(pattern(stdinBytes, 2)), "sha256sum")
		// No program that leaves its input unread: the API server closes the connection with a reset then, and its output may be
		// lost (docs/architecture.md, "Known limits").
		shell.run(ctx, podName, "", "/no/such/program")
		shell.run(ctx, "no-such-pod", "", "true")
		shell.terminal(ctx)
		requests.print(byMethod)
	}
	return nil
}

type shell struct {
	config   *rest.Config
	executor newExecutor
}

func (s *shell) stream(
	ctx context.Context, pod string, options corev1.PodExecOptions, streams remotecommand.StreamOptions,
) error {
	client, err := kubernetes.NewForConfig(s.config)
	if err != nil {
		return err
	}
	options.Stdin = streams.Stdin != nil
	options.Stdout = streams.Stdout != nil
	options.Stderr = streams.Stderr != nil
	target := client.CoreV1().RESTClient().Post().Namespace(workNamespace).Resource("pods").Name(pod).
		SubResource("exec").VersionedParams(&options, scheme.ParameterCodec).URL()
	executor, err := s.executor(s.config, target)
	if err != nil {
		return err
	}
	return executor.StreamWithContext(ctx, streams)
}

func (s *shell) run(ctx context.Context, pod, stdin string, command ...string) {
	var stdout, stderr bytes.Buffer
	streams := remotecommand.StreamOptions{Stdout: &stdout, Stderr: &stderr}
	if stdin != "" {
		streams.Stdin = strings.NewReader(stdin)
	}
	err := s.stream(ctx, pod, corev1.PodExecOptions{Command: command}, streams)
	fmt.Printf("  %s: %s\n", strings.Join(command, " "), outcome(err))
	fmt.Printf("    stdout: %s\n", shown(stdout.Bytes()))
	fmt.Printf("    stderr: %s\n", shown(stderr.Bytes()))
}

// terminal waits for both of the sizes that it gives, then answers a question.
func (s *shell) terminal(ctx context.Context) {
	script := `until [ "$(stty size)" = "24 80" ]; do sleep 0.05; done; echo first;
		until [ "$(stty size)" = "43 132" ]; do sleep 0.05; done; echo second;
		read answer; echo "got $answer"; exit 3`
	sizes := make(sizeQueue, 2)
	sizes <- remotecommand.TerminalSize{Width: 80, Height: 24}
	keyboard, typing := io.Pipe()
	screen := &screen{lines: map[string]func(){
		"first\r\n":  func() { sizes <- remotecommand.TerminalSize{Width: 132, Height: 43} },
		"second\r\n": func() { go func() { _, _ = typing.Write([]byte("ja\n")) }() },
	}}
	err := s.stream(ctx, podName, corev1.PodExecOptions{Command: []string{"sh", "-c", script}, TTY: true},
		remotecommand.StreamOptions{Stdin: keyboard, Stdout: screen, Tty: true, TerminalSizeQueue: sizes})
	close(sizes)
	_ = typing.Close()
	fmt.Printf("  a terminal: %s\n    screen: %q\n", outcome(err), screen.text.String())
}

type sizeQueue chan remotecommand.TerminalSize

func (q sizeQueue) Next() *remotecommand.TerminalSize {
	size, open := <-q
	if !open {
		return nil
	}
	return &size
}

// A screen, and what is done when certain lines have appeared on it, once each.
type screen struct {
	text  bytes.Buffer
	lines map[string]func()
}

func (s *screen) Write(bytes []byte) (int, error) {
	s.text.Write(bytes)
	for line, do := range s.lines {
		if strings.Contains(s.text.String(), line) {
			delete(s.lines, line)
			do()
		}
	}
	return len(bytes), nil
}

func outcome(err error) string {
	if err == nil {
		return "exit status 0"
	}
	if exit, isExit := errors.AsType[utilexec.CodeExitError](err); isExit {
		return fmt.Sprintf("exit status %d (%s)", exit.Code, exit.Err)
	}
	return fmt.Sprintf("%T: %s", err, err)
}

func shown(bytes []byte) string {
	if len(bytes) > 200 {
		return sum(bytes)
	}
	return fmt.Sprintf("%q", bytes)
}
