package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// pods are those bound to this node.
type pods struct {
	ctx       context.Context
	client    kubernetes.Interface
	nodeName  string
	network   *network
	directory string

	mu     sync.Mutex
	byUID  map[types.UID]*pod
	closed bool
}

func newPods(ctx context.Context, client kubernetes.Interface, nodeName string, network *network, directory string) *pods {
	return &pods{ctx: ctx, client: client, nodeName: nodeName, network: network, directory: directory, byUID: map[types.UID]*pod{}}
}

// watch follows the API server until ctx ends.
func (p *pods) watch(ctx context.Context) {
	if err := os.MkdirAll(p.directory, 0o700); err != nil {
		log.Fatal(err)
	}
	factory := informers.NewSharedInformerFactoryWithOptions(p.client, 0, informers.WithTweakListOptions(func(o *meta.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", p.nodeName).String()
	}))
	informer := factory.Core().V1().Pods().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { p.update(object.(*core.Pod)) },
		UpdateFunc: func(_, object any) { p.update(object.(*core.Pod)) },
		DeleteFunc: func(object any) {
			if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = unknown.Obj
			}
			if object, ok := object.(*core.Pod); ok {
				p.remove(object.UID)
			}
		},
	}); err != nil {
		log.Fatalf("a new informer takes handlers: %v", err)
	}
	informer.Run(ctx.Done())
}

func (p *pods) update(object *core.Pod) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	known := p.byUID[object.UID]
	if known == nil {
		known = newPod(p, object)
		p.byUID[object.UID] = known
		go known.run()
	}
	known.update(object)
}

// remove forgets a pod that is gone from the API server, by force if its processes still run.
func (p *pods) remove(uid types.UID) {
	p.mu.Lock()
	known := p.byUID[uid]
	delete(p.byUID, uid)
	p.mu.Unlock()
	if known != nil {
		go func() {
			known.end(0)
			known.cleanUp()
		}()
	}
}

func (p *pods) find(namespace, name string) (*pod, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, candidate := range p.byUID {
		if candidate.namespace == namespace && candidate.name == name {
			return candidate, nil
		}
	}
	return nil, fmt.Errorf("pod %q not found in namespace %q on this node", name, namespace)
}

func (p *pods) list() []*core.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := []*core.Pod{}
	for _, pod := range p.byUID {
		object := pod.latest().DeepCopy()
		object.Status = pod.status()
		list = append(list, object)
	}
	return list
}

// close ends every pod's processes.
func (p *pods) close(grace time.Duration) {
	p.mu.Lock()
	p.closed = true
	all := make([]*pod, 0, len(p.byUID))
	for _, pod := range p.byUID {
		all = append(all, pod)
	}
	p.mu.Unlock()
	var ends sync.WaitGroup
	for _, pod := range all {
		ends.Go(func() { pod.end(grace) })
	}
	ends.Wait()
}
