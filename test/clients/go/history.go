package main

import (
	"context"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/cache"
)

// One change of one object.
type changeSeen struct {
	// add, update or delete
	kind string
	// Empty for a deletion: who deletes is not told which version that was.
	version string
	// Of a deletion that was done and not seen: versions that its own is between; empty where there is none.
	after, before string
}

func (c changeSeen) String() string { return strings.TrimSuffix(c.kind+" "+c.version, " ") }

// What an informer told, by object, but for the objects that were there at first.
type history struct {
	mutex   sync.Mutex
	changed *sync.Cond
	byName  map[string][]changeSeen
	missed  int
}

func newHistory() *history {
	h := &history{byName: map[string][]changeSeen{}}
	h.changed = sync.NewCond(&h.mutex)
	return h
}

func (h *history) OnAdd(object any, isInInitialList bool) {
	if !isInInitialList {
		h.note("add", object)
	}
}

func (h *history) OnUpdate(old, object any) {
	_, before := nameAndVersion(old)
	// A list after the first tells of every object, changed or not.
	if _, now := nameAndVersion(object); now != before {
		h.note("update", object)
	}
}

func (h *history) OnDelete(object any) {
	if tombstone, isTombstone := object.(cache.DeletedFinalStateUnknown); isTombstone {
		h.mutex.Lock()
		h.missed++
		h.mutex.Unlock()
		object = tombstone.Obj
	}
	h.note("delete", object)
}

func (h *history) note(kind string, object any) {
	name, version := nameAndVersion(object)
	if kind == "delete" {
		version = ""
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.byName[name] = append(h.byName[name], changeSeen{kind: kind, version: version})
	h.changed.Broadcast()
}

// has waits for an object, which nobody deletes: an informer that lists again does not hear of one that came and went meanwhile.
func (h *history) has(ctx context.Context, name string) error {
	stop := context.AfterFunc(ctx, h.changed.Broadcast)
	defer stop()
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for len(h.byName[name]) == 0 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		h.changed.Wait()
	}
	return nil
}

func nameAndVersion(object any) (string, string) {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return "", ""
	}
	return accessor.GetName(), accessor.GetResourceVersion()
}

func isSame(a, b []changeSeen) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].kind != b[i].kind || a[i].version != b[i].version {
			return false
		}
	}
	return true
}

// isWithin: all that was seen is among what was, in the same order. Who learned of changes from a list knows the last of several
// only, and takes an object that was deleted and made again for one that changed.
func isWithin(seen, was []changeSeen) bool {
	at := 0
	for _, one := range seen {
		for at < len(was) && !isHeldFor(one, was[at]) {
			at++
		}
		if at == len(was) {
			return false
		}
		at++
	}
	return true
}

func isHeldFor(seen, was changeSeen) bool {
	if seen.kind == "delete" || was.kind == "delete" {
		return seen.kind == was.kind
	}
	return seen.version == was.version
}
