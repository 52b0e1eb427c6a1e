package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// Shorter than the kubelet's 10 s to 5 min: a test should not wait that long.
	firstBackoff = 500 * time.Millisecond
	maxBackoff   = 30 * time.Second
	// A container that ran this long starts again without delay.
	steadyAfter = time.Minute
	// What is still in the pipes of a container that ended is read this long.
	outputGrace     = 2 * time.Second
	exitStartFailed = 128
)

// container is one container of a pod over all of its runs.
type container struct {
	pod  *pod
	spec core.Container
	init bool

	mu       sync.Mutex
	state    core.ContainerState
	last     core.ContainerState
	restarts int32
	started  bool // it ran at least once
	current  *run
	previous *containerLog
}

// run is one life of a container.
type run struct {
	process *process
	env     []string
	dir     string
	log     *containerLog
	output  map[string]*fanout // by stream
	ended   chan struct{}      // output and exit are complete

	mu    sync.Mutex
	execs map[*process]struct{} // nil when the run has ended
}

// addExec has a further process of the container ended with it.
func (r *run) addExec(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.execs == nil {
		p.kill(syscall.SIGKILL)
		return
	}
	r.execs[p] = struct{}{}
}

func (r *run) removeExec(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.execs, p)
}

func (r *run) killExecs() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for p := range r.execs {
		p.kill(syscall.SIGKILL)
	}
	r.execs = nil
}

func newContainer(p *pod, spec core.Container, init bool, before *core.ContainerStatus) *container {
	c := &container{pod: p, spec: spec, init: init}
	c.state.Waiting = &core.ContainerStateWaiting{Reason: "ContainerCreating"}
	if before != nil && (before.State.Running != nil || before.State.Terminated != nil) {
		// The node was restarted: its processes went with it.
		c.restarts = before.RestartCount + 1
	}
	return c
}

// keepRunning runs the container again and again, as the policy says, and returns the last exit code.
func (c *container) keepRunning(ctx context.Context, policy core.RestartPolicy) int32 {
	backoff := firstBackoff
	for {
		startedAt := time.Now()
		code := c.runOnce(ctx)
		if ctx.Err() != nil || policy == core.RestartPolicyNever || policy == core.RestartPolicyOnFailure && code == 0 {
			return code
		}
		if time.Since(startedAt) > steadyAfter {
			backoff = firstBackoff
		}
		c.mu.Lock()
		c.last = c.state
		c.state = core.ContainerState{Waiting: &core.ContainerStateWaiting{
			Reason:  "CrashLoopBackOff",
			Message: fmt.Sprintf("back-off %s restarting failed container=%s pod=%s_%s(%s)", backoff, c.spec.Name, c.pod.name, c.pod.namespace, c.pod.uid),
		}}
		c.mu.Unlock()
		c.pod.changed()
		select {
		case <-ctx.Done():
			c.mu.Lock()
			c.state, c.last = c.last, core.ContainerState{}
			c.mu.Unlock()
			return code
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, maxBackoff)
		c.mu.Lock()
		c.restarts++
		c.mu.Unlock()
	}
}

// runOnce runs the container to its end.
func (c *container) runOnce(ctx context.Context) int32 {
	r, err := c.start(ctx)
	if err != nil {
		now := meta.Now()
		c.mu.Lock()
		c.state = core.ContainerState{Terminated: &core.ContainerStateTerminated{
			Reason: "StartError", Message: err.Error(), ExitCode: exitStartFailed, StartedAt: now, FinishedAt: now, ContainerID: c.idLocked(),
		}}
		c.mu.Unlock()
		c.pod.changed()
		return exitStartFailed
	}
	c.pod.changed()
	// Only the container's own process is asked; what it started is its business.
	stop := context.AfterFunc(ctx, func() { _ = r.process.cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()

	copied := make(chan struct{})
	go func() {
		r.process.copyOutput(r.output["stdout"], r.output["stderr"])
		close(copied)
	}()
	<-r.process.exited
	// What it started goes with it, as in a container.
	r.process.kill(syscall.SIGKILL)
	r.killExecs()
	select {
	case <-copied:
	case <-time.After(outputGrace):
		log.Printf("%s: a process outside of its session holds its output", c)
		r.process.close()
		<-copied
	}
	r.process.close()
	r.output["stdout"].flush()
	r.output["stderr"].flush()
	r.log.end()
	c.mu.Lock()
	startedAt := c.state.Running.StartedAt
	terminated := &core.ContainerStateTerminated{
		ExitCode: int32(r.process.code), Signal: int32(r.process.signal), Reason: "Completed",
		StartedAt: startedAt, FinishedAt: meta.Now(), ContainerID: c.idLocked(),
	}
	if terminated.ExitCode != 0 {
		terminated.Reason = "Error"
	}
	c.state = core.ContainerState{Terminated: terminated}
	c.mu.Unlock()
	close(r.ended)
	c.pod.changed()
	return terminated.ExitCode
}

func (c *container) start(ctx context.Context) (*run, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	env, err := c.environment(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	folder := filepath.Join(c.pod.directory, c.spec.Name)
	// A container starts with an empty working folder every time.
	dir := filepath.Join(folder, fmt.Sprintf("root-%d", c.restarts))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if c.restarts > 0 {
		_ = os.RemoveAll(filepath.Join(folder, fmt.Sprintf("root-%d", c.restarts-1)))
		_ = os.Remove(filepath.Join(folder, fmt.Sprintf("%d.log", c.restarts-2)))
	}
	containerLog, err := newContainerLog(filepath.Join(folder, fmt.Sprintf("%d.log", c.restarts)))
	if err != nil {
		return nil, err
	}
	if c.current != nil {
		c.previous = c.current.log
	}
	r := &run{env: append(env, "HOME="+dir), dir: dir, log: containerLog, ended: make(chan struct{}), execs: map[*process]struct{}{}}
	if c.spec.WorkingDir != "" {
		r.dir = c.spec.WorkingDir
	}
	r.output = map[string]*fanout{
		"stdout": newFanout(containerLog.stream("stdout")),
		"stderr": newFanout(containerLog.stream("stderr")),
	}
	r.process, err = startProcess(processOptions{
		command:   expandAll(slices.Concat(c.spec.Command, c.spec.Args), r.env),
		env:       r.env,
		directory: r.dir,
		stdin:     c.spec.Stdin,
		terminal:  c.spec.TTY,
	})
	c.current = r
	if err != nil {
		containerLog.end()
		close(r.ended)
		return nil, err
	}
	c.started = true
	if c.state.Terminated != nil {
		c.last = c.state
	}
	c.state = core.ContainerState{Running: &core.ContainerStateRunning{StartedAt: meta.Now()}}
	return r, nil
}

// running returns the present run, or an error that says what the container does instead.
func (c *container) running() (*run, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state.Running == nil {
		return nil, fmt.Errorf("container not found (%q): it is not running", c.spec.Name)
	}
	return c.current, nil
}

// log returns what the present (or last) run wrote, or the one before.
func (c *container) logOf(previous bool) (*containerLog, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	where := fmt.Sprintf("container %q in pod %q", c.spec.Name, c.pod.name)
	switch {
	case previous && c.state.Running == nil && c.state.Terminated == nil && c.current != nil:
		// Between two runs the one that just ended is the previous one.
		return c.current.log, nil
	case previous && c.previous != nil:
		return c.previous, nil
	case previous:
		return nil, fmt.Errorf("previous terminated %s not found", where)
	case c.current != nil:
		return c.current.log, nil
	default:
		reason := "ContainerCreating"
		if c.state.Waiting != nil {
			reason = c.state.Waiting.Reason
		}
		return nil, fmt.Errorf("%s is waiting to start: %s", where, reason)
	}
}

// kill ends the present run at once.
func (c *container) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil && c.current.process != nil {
		c.current.process.kill(syscall.SIGKILL)
	}
}

func (c *container) idLocked() string {
	return fmt.Sprintf("process://%s-%s-%d", c.pod.uid, c.spec.Name, c.restarts)
}

func (c *container) status() core.ContainerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	running := c.state.Running != nil
	// An init container is ready when it has done its work.
	ready := running
	if c.init && c.state.Terminated != nil {
		ready = c.state.Terminated.ExitCode == 0
	}
	status := core.ContainerStatus{
		Name: c.spec.Name, State: c.state, LastTerminationState: c.last, Ready: ready, Started: &running,
		RestartCount: c.restarts, Image: c.spec.Image, ImageID: "process://" + c.spec.Image,
	}
	if c.started {
		status.ContainerID = c.idLocked()
	}
	return status
}

func (c *container) String() string {
	return fmt.Sprintf("%s/%s[%s]", c.pod.namespace, c.pod.name, c.spec.Name)
}

// fanout writes to a log and to every attached client; a client that fails is dropped.
type fanout struct {
	mu      sync.Mutex
	log     *logStream
	clients map[*fanoutClient]struct{}
}

type fanoutClient struct {
	w    io.Writer
	gone chan struct{} // closed when writing to it failed
}

func newFanout(log *logStream) *fanout {
	return &fanout{log: log, clients: map[*fanoutClient]struct{}{}}
}

func (f *fanout) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for client := range f.clients {
		if _, err := client.w.Write(p); err != nil {
			delete(f.clients, client)
			close(client.gone)
		}
	}
	return f.log.Write(p)
}

func (f *fanout) add(w io.Writer) *fanoutClient {
	f.mu.Lock()
	defer f.mu.Unlock()
	client := &fanoutClient{w: w, gone: make(chan struct{})}
	f.clients[client] = struct{}{}
	return client
}

func (f *fanout) remove(client *fanoutClient) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.clients, client)
}

func (f *fanout) flush() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log.flush()
}
