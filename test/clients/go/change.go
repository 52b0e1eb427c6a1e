package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

const (
	changers = 4
	// Objects that each of them may have at a time.
	ownObjects = 20
	// From one change of a changer to its next.
	changeInterval = 50 * time.Millisecond
	retryInterval  = 50 * time.Millisecond
	stepLabel      = "step"
)

// What really happened, by object: known from the answers, or, where an answer was lost, from looking.
type truth struct {
	mutex  sync.Mutex
	byName map[string][]changeSeen
	writes int
}

func (t *truth) note(name string, change changeSeen) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.byName[name] = append(t.byName[name], change)
	t.writes++
}

// deletedBefore notes a version before which an object was deleted.
func (t *truth) deletedBefore(name, version string) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	changes := t.byName[name]
	changes[len(changes)-1].before = version
}

// changeUntil writes until `stop` closes, then makes an object that it gives the name of. One object is one changer's own.
func changeUntil(ctx context.Context, objects dynamic.ResourceInterface, stop <-chan struct{}) (*truth, string, error) {
	t := &truth{byName: map[string][]changeSeen{}}
	failures := make([]error, changers)
	var group sync.WaitGroup
	for i := range changers {
		group.Go(func() {
			failures[i] = (&changer{objects: objects, truth: t, prefix: fmt.Sprintf("changing-%d-%d", os.Getpid(), i)}).run(ctx, stop)
		})
	}
	group.Wait()
	for _, err := range failures {
		if err != nil {
			return nil, "", err
		}
	}
	last := fmt.Sprintf("last-of-%d", os.Getpid())
	return t, last, (&changer{objects: objects, truth: t}).create(ctx, last)
}

type changer struct {
	objects dynamic.ResourceInterface
	truth   *truth
	prefix  string
	made    int
	steps   int
	// The version of its last write that told one, and what it deleted since.
	version string
	deleted []string
}

// wrote notes a write of its own: after what it deleted before.
func (c *changer) wrote(name, kind, version string) {
	c.truth.note(name, changeSeen{kind: kind, version: version})
	for _, gone := range c.deleted {
		c.truth.deletedBefore(gone, version)
	}
	c.version, c.deleted = version, nil
}

func (c *changer) run(ctx context.Context, stop <-chan struct{}) error {
	var own []string
	for {
		select {
		case <-stop:
			return nil
		case <-time.After(changeInterval):
		}
		at := rand.IntN(ownObjects)
		var err error
		switch {
		case at >= len(own):
			name := fmt.Sprintf("%s-%d", c.prefix, c.made)
			c.made++
			own = append(own, name)
			err = c.create(ctx, name)
		case rand.IntN(3) == 0:
			name := own[at]
			own = append(own[:at], own[at+1:]...)
			err = c.delete(ctx, name)
		default:
			err = c.update(ctx, own[at])
		}
		if err != nil {
			return err
		}
	}
}

func (c *changer) create(ctx context.Context, name string) error {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "registry.mctunnel.io/v1", "kind": "ClusterRegistration",
		"metadata": map[string]any{"name": name, "labels": map[string]any{stepLabel: "0"}},
		"spec":     map[string]any{},
	}}
	return c.insist(ctx, func() (bool, error) {
		created, err := c.objects.Create(ctx, object, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			// Ours, whose answer was lost.
			created, err = c.objects.Get(ctx, name, metav1.GetOptions{})
		}
		if err != nil {
			return false, err
		}
		c.wrote(name, "add", created.GetResourceVersion())
		return true, nil
	})
}

func (c *changer) update(ctx context.Context, name string) error {
	c.steps++
	step := fmt.Sprint(c.steps)
	patch := fmt.Appendf(nil, `{"metadata":{"labels":{"%s":"%s"}}}`, stepLabel, step)
	return c.insist(ctx, func() (bool, error) {
		// The same patch again changes nothing, and tells the version that the first one made.
		patched, err := c.objects.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
		if err != nil {
			return false, err
		}
		c.wrote(name, "update", patched.GetResourceVersion())
		return true, nil
	})
}

func (c *changer) delete(ctx context.Context, name string) error {
	return c.insist(ctx, func() (bool, error) {
		err := c.objects.Delete(ctx, name, metav1.DeleteOptions{})
		// Not there: ours, whose answer was lost.
		if err != nil && !apierrors.IsNotFound(err) {
			return false, err
		}
		c.truth.note(name, changeSeen{kind: "delete", after: c.version})
		c.deleted = append(c.deleted, name)
		return true, nil
	})
}

// insist tries until it is done: the server may be away. What it refuses is a fault of this program.
func (c *changer) insist(ctx context.Context, attempt func() (bool, error)) error {
	for {
		done, err := attempt()
		if done {
			return nil
		}
		var refused apierrors.APIStatus
		if errors.As(err, &refused) && refused.Status().Code < 500 && refused.Status().Code != 429 {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(retryInterval):
		}
	}
}

// versionsOf is what the server holds now, and the version of that.
func versionsOf(ctx context.Context, objects dynamic.ResourceInterface) (map[string]string, string, error) {
	list, err := objects.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, "", err
	}
	versions := map[string]string{}
	for i := range list.Items {
		versions[list.Items[i].GetName()] = list.Items[i].GetResourceVersion()
	}
	return versions, list.GetResourceVersion(), nil
}
