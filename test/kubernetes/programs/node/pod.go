package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const (
	statusRetry = 500 * time.Millisecond
	// The volume that the API server gives every pod for its service account; nothing here can mount it.
	tokenVolumePrefix = "kube-api-access-"
)

// pod is one pod on this node, from its binding to the end of its last process.
type pod struct {
	pods      *pods
	namespace string
	name      string
	uid       types.UID
	ip        netip.Addr
	directory string
	startedAt meta.Time
	inits     []*container
	main      []*container

	ctx    context.Context // ends when the containers shall
	cancel context.CancelFunc
	done   chan struct{} // no container runs any more
	dirty  chan struct{}
	marked chan struct{} // closed when it is to be deleted
	mark   sync.Once

	mu          sync.Mutex
	object      *core.Pod
	problem     string // why it cannot run at all
	initialized bool   // every init container is done
	conditions  map[core.PodConditionType]core.PodCondition
	killer      *time.Timer
	killAt      time.Time
}

func newPod(owner *pods, object *core.Pod) *pod {
	ctx, cancel := context.WithCancel(context.Background())
	p := &pod{
		pods: owner, namespace: object.Namespace, name: object.Name, uid: object.UID, object: object,
		directory: filepath.Join(owner.directory, string(object.UID)),
		startedAt: meta.Now(), ctx: ctx, cancel: cancel, done: make(chan struct{}), dirty: make(chan struct{}, 1), marked: make(chan struct{}),
		conditions: map[core.PodConditionType]core.PodCondition{},
	}
	if object.Status.StartTime != nil {
		p.startedAt = *object.Status.StartTime
	}
	for _, condition := range object.Status.Conditions {
		p.conditions[condition.Type] = condition
	}
	before := func(statuses []core.ContainerStatus, name string) *core.ContainerStatus {
		for i := range statuses {
			if statuses[i].Name == name {
				return &statuses[i]
			}
		}
		return nil
	}
	for _, spec := range object.Spec.InitContainers {
		p.inits = append(p.inits, newContainer(p, spec, true, before(object.Status.InitContainerStatuses, spec.Name)))
	}
	for _, spec := range object.Spec.Containers {
		p.main = append(p.main, newContainer(p, spec, false, before(object.Status.ContainerStatuses, spec.Name)))
	}
	return p
}

// update takes the API server's newest version.
func (p *pod) update(object *core.Pod) {
	p.mu.Lock()
	p.object = object
	p.mu.Unlock()
	if object.DeletionTimestamp != nil {
		grace := int64(0)
		if object.DeletionGracePeriodSeconds != nil {
			grace = *object.DeletionGracePeriodSeconds
		}
		p.terminate(time.Now().Add(time.Duration(grace) * time.Second))
		p.mark.Do(func() { close(p.marked) })
	}
}

func (p *pod) latest() *core.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.object
}

// run starts the containers, waits for their end and reports all the way; it ends with the pod's deletion.
func (p *pod) run() {
	go p.report()
	defer close(p.done)
	defer p.changed()
	object := p.latest()
	if object.Status.Phase == core.PodSucceeded || object.Status.Phase == core.PodFailed {
		return
	}
	if problem := p.prepare(object); problem != "" {
		p.mu.Lock()
		p.problem = problem
		p.mu.Unlock()
		p.changed()
		<-p.ctx.Done()
		return
	}
	policy := object.Spec.RestartPolicy
	var running sync.WaitGroup
	defer func() {
		p.cancel()
		running.Wait()
	}()
	for _, c := range p.inits {
		if c.spec.RestartPolicy != nil && *c.spec.RestartPolicy == core.ContainerRestartPolicyAlways {
			running.Go(func() { c.keepRunning(p.ctx, core.RestartPolicyAlways) })
			continue
		}
		initPolicy := policy
		if policy == core.RestartPolicyAlways {
			initPolicy = core.RestartPolicyOnFailure
		}
		if c.keepRunning(p.ctx, initPolicy) != 0 {
			return
		}
	}
	p.mu.Lock()
	p.initialized = true
	p.mu.Unlock()
	p.changed()
	var mains sync.WaitGroup
	for _, c := range p.main {
		mains.Go(func() { c.keepRunning(p.ctx, policy) })
	}
	// Sidecars end after the containers that they serve.
	mains.Wait()
}

// prepare gives the pod its address and folders; it returns why the pod cannot run here.
func (p *pod) prepare(object *core.Pod) string {
	for _, volume := range object.Spec.Volumes {
		if !strings.HasPrefix(volume.Name, tokenVolumePrefix) {
			return fmt.Sprintf("volume %q: this node runs commands as local processes and mounts nothing", volume.Name)
		}
	}
	ip, err := p.pods.network.takeIP(object.Spec.HostNetwork)
	if err != nil {
		return err.Error()
	}
	p.mu.Lock()
	p.ip = ip
	p.mu.Unlock()
	for _, c := range append(append([]*container{}, p.inits...), p.main...) {
		if err := os.MkdirAll(filepath.Join(p.directory, c.spec.Name), 0o700); err != nil {
			return err.Error()
		}
	}
	return ""
}

// terminate asks the containers to end, and kills them at the given time. A later call may only bring that forward.
func (p *pod) terminate(at time.Time) {
	p.mu.Lock()
	if p.killer == nil || at.Before(p.killAt) {
		if p.killer != nil {
			p.killer.Stop()
		}
		p.killAt = at
		p.killer = time.AfterFunc(time.Until(at), p.kill)
	}
	p.mu.Unlock()
	p.cancel()
}

func (p *pod) kill() {
	for _, c := range append(append([]*container{}, p.inits...), p.main...) {
		c.kill()
	}
}

// end terminates and waits.
func (p *pod) end(grace time.Duration) {
	p.terminate(time.Now().Add(grace))
	<-p.done
}

func (p *pod) cleanUp() {
	p.pods.network.returnIP(p.ip)
	if err := os.RemoveAll(p.directory); err != nil {
		log.Printf("%s/%s: %v", p.namespace, p.name, err)
	}
}

func (p *pod) container(name string) (*container, error) {
	for _, c := range append(append([]*container{}, p.main...), p.inits...) {
		if c.spec.Name == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("container %s not found in pod %s_%s", name, p.name, p.namespace)
}

// changed has the status reported soon.
func (p *pod) changed() {
	select {
	case p.dirty <- struct{}{}:
	default:
	}
}

// report sends the status at every change, and deletes the pod from the API server when it was asked to end and has.
func (p *pod) report() {
	for {
		select {
		case <-p.pods.ctx.Done():
			return
		case <-p.dirty:
		case <-p.done:
			if !p.reportOnce() {
				return
			}
			// Ended by itself: it stays, as it is, until somebody deletes it.
			select {
			case <-p.pods.ctx.Done():
				return
			case <-p.marked:
			}
			p.delete()
			return
		}
		if !p.reportOnce() {
			return
		}
	}
}

// reportOnce returns false when the pod is gone.
func (p *pod) reportOnce() bool {
	for {
		patch, err := p.statusPatch()
		if err != nil {
			log.Printf("%s/%s: %v", p.namespace, p.name, err)
			return true
		}
		_, err = p.pods.client.CoreV1().Pods(p.namespace).Patch(p.pods.ctx, p.name, types.StrategicMergePatchType, patch, meta.PatchOptions{}, "status")
		switch {
		case err == nil:
			return true
		case apierrors.IsNotFound(err) || apierrors.IsConflict(err) || p.pods.ctx.Err() != nil:
			return false
		}
		log.Printf("%s/%s: reporting the status: %v", p.namespace, p.name, err)
		select {
		case <-p.pods.ctx.Done():
			return false
		case <-time.After(statusRetry):
		}
	}
}

// statusPatch is a strategic merge patch: conditions that others have set stay. The lists of addresses would be merged
// as well, and must not be: a pod whose node was restarted has another one.
func (p *pod) statusPatch() ([]byte, error) {
	text, err := json.Marshal(p.status())
	if err != nil {
		return nil, err
	}
	var status map[string]any
	if err := json.Unmarshal(text, &status); err != nil {
		return nil, err
	}
	for _, field := range []string{"podIPs", "hostIPs"} {
		if list, ok := status[field].([]any); ok {
			status[field] = append([]any{map[string]any{"$patch": "replace"}}, list...)
		}
	}
	conditions, _ := status["conditions"].([]any)
	for _, condition := range conditions {
		// What a patch leaves out stays: a reason must not outlive its condition.
		if fields, ok := condition.(map[string]any); ok && fields["reason"] == nil {
			fields["reason"] = nil
		}
	}
	return json.Marshal(map[string]any{"metadata": map[string]any{"uid": p.uid}, "status": status})
}

func (p *pod) delete() {
	for p.pods.ctx.Err() == nil {
		err := p.pods.client.CoreV1().Pods(p.namespace).Delete(p.pods.ctx, p.name, meta.DeleteOptions{
			GracePeriodSeconds: new(int64), Preconditions: meta.NewUIDPreconditions(string(p.uid)),
		})
		if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return
		}
		log.Printf("%s/%s: deleting: %v", p.namespace, p.name, err)
		time.Sleep(statusRetry)
	}
}
