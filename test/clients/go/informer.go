package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const (
	changedObjects = 200
	sentinel       = "sentinel"
)

var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

// informer has a dynamic informer read all objects, makes changes beside it, and says what events arrived.
func informer(ctx context.Context, config *rest.Config) error {
	watched, requests := recording(config)
	client, err := dynamic.NewForConfig(watched)
	if err != nil {
		return err
	}
	writer, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	seen := &events{byName: map[string][]string{}, last: make(chan struct{})}
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, objectsNamespace, nil)
	shared := factory.ForResource(configMaps).Informer()
	registration, err := shared.AddEventHandler(seen)
	if err != nil {
		return err
	}
	stop, cancel := context.WithCancel(ctx)
	factory.Start(stop.Done())
	defer factory.Shutdown()
	defer cancel()
	if !cache.WaitForCacheSync(stop.Done(), shared.HasSynced, registration.HasSynced) {
		return errors.New("the informer did not synchronise in time")
	}
	if err := printStore("after the initial events", shared.GetStore()); err != nil {
		return err
	}
	requests.print(byKindOfRead)

	objects := writer.Resource(configMaps).Namespace(objectsNamespace)
	if err := inParallel(8, changedObjects, func(i int) error {
		return change(ctx, objects, fmt.Sprintf("change-%03d", i))
	}); err != nil {
		return err
	}
	// Its end is the last event: whatever had to come before has come.
	if err := change(ctx, objects, sentinel); err != nil {
		return err
	}
	select {
	case <-seen.last:
	case <-ctx.Done():
		return errors.New("the informer never saw the last event")
	}
	seen.print()
	return printStore("after the changes", shared.GetStore())
}

func change(ctx context.Context, objects dynamic.ResourceInterface, name string) error {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": name},
		"data":     map[string]any{"step": "0"},
	}}
	object, err := objects.Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	for _, step := range []string{"1", "2"} {
		if err := unstructured.SetNestedField(object.Object, step, "data", "step"); err != nil {
			return err
		}
		if object, err = objects.Update(ctx, object, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	return objects.Delete(ctx, name, metav1.DeleteOptions{})
}

// The events as they came, by object.
type events struct {
	mutex   sync.Mutex
	initial int
	byName  map[string][]string
	// Closed when the sentinel is gone.
	last chan struct{}
}

func (e *events) OnAdd(object any, isInInitialList bool) {
	if isInInitialList {
		e.mutex.Lock()
		defer e.mutex.Unlock()
		e.initial++
		return
	}
	e.note("add", object)
}

func (e *events) OnUpdate(_, object any) { e.note("update", object) }

func (e *events) OnDelete(object any) {
	if e.note("delete", object) == sentinel {
		close(e.last)
	}
}

func (e *events) note(event string, object any) string {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	changed, isObject := object.(*unstructured.Unstructured)
	if !isObject {
		// A tombstone: the event itself was missed.
		e.byName["missed"] = append(e.byName["missed"], fmt.Sprintf("%s of a %T", event, object))
		return ""
	}
	step, _, _ := unstructured.NestedString(changed.Object, "data", "step")
	e.byName[changed.GetName()] = append(e.byName[changed.GetName()], event+" "+step)
	return changed.GetName()
}

func (e *events) print() {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	fmt.Printf("initial adds: %d\n", e.initial)
	sequences := map[string]int{}
	for _, sequence := range e.byName {
		sequences[strings.Join(sequence, ", ")]++
	}
	for sequence, count := range sequences {
		fmt.Printf("events of %d objects: %s\n", count, sequence)
	}
}

func printStore(when string, store cache.Store) error {
	objects := store.List()
	hash, err := digest(objects, func(object any) string { return object.(*unstructured.Unstructured).GetName() })
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d objects, SHA-256 %s\n", when, len(objects), hash)
	return nil
}
