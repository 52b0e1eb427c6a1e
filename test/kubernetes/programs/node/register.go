package main

import (
	"context"
	"fmt"
	"log"
	"runtime"
	"time"

	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

const (
	// As the kubelet does; the node lifecycle controller gives up after four of them.
	leaseRenewInterval = 10 * time.Second
	leaseSeconds       = 40
	maxPods            = 250
	kubeletVersion     = "v1.36.3"
)

// register creates the Node, or takes over one of that name, and reports it Ready.
func register(ctx context.Context, client kubernetes.Interface, name string, network *network) error {
	node := &core.Node{ObjectMeta: meta.ObjectMeta{
		Name: name,
		Labels: map[string]string{
			core.LabelHostname:   name,
			core.LabelOSStable:   runtime.GOOS,
			core.LabelArchStable: runtime.GOARCH,
		},
	}}
	nodes := client.CoreV1().Nodes()
	if _, err := nodes.Create(ctx, node, meta.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		current, err := nodes.Get(ctx, name, meta.GetOptions{})
		if err != nil {
			return false, nil
		}
		current.Status = nodeStatus(name, network)
		if _, err := nodes.UpdateStatus(ctx, current, meta.UpdateOptions{}); err != nil {
			log.Printf("reporting the node's status: %v", err)
			return false, nil
		}
		return true, nil
	})
}

func nodeStatus(name string, network *network) core.NodeStatus {
	now := meta.Now()
	capacity := core.ResourceList{
		core.ResourceCPU:    *resource.NewQuantity(int64(runtime.NumCPU()), resource.DecimalSI),
		core.ResourceMemory: resource.MustParse("8Gi"),
		core.ResourcePods:   *resource.NewQuantity(maxPods, resource.DecimalSI),
	}
	return core.NodeStatus{
		Capacity:    capacity,
		Allocatable: capacity,
		Addresses: []core.NodeAddress{
			{Type: core.NodeInternalIP, Address: network.nodeIP.String()},
			{Type: core.NodeHostName, Address: name},
		},
		DaemonEndpoints: core.NodeDaemonEndpoints{KubeletEndpoint: core.DaemonEndpoint{Port: network.port()}},
		Conditions: []core.NodeCondition{{
			Type: core.NodeReady, Status: core.ConditionTrue, Reason: "KubeletReady", Message: "commands of pods run as local processes",
			LastHeartbeatTime: now, LastTransitionTime: now,
		}},
		NodeInfo: core.NodeSystemInfo{
			KubeletVersion: kubeletVersion, OperatingSystem: runtime.GOOS, Architecture: runtime.GOARCH,
			ContainerRuntimeVersion: "process://" + kubeletVersion[1:], OSImage: "local processes",
		},
	}
}

// renewLease is the node's heartbeat.
func renewLease(ctx context.Context, client kubernetes.Interface, name string) {
	leases := client.CoordinationV1().Leases(core.NamespaceNodeLease)
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		now, seconds := meta.NowMicro(), int32(leaseSeconds)
		lease, err := leases.Get(ctx, name, meta.GetOptions{})
		if apierrors.IsNotFound(err) {
			lease = &coordination.Lease{ObjectMeta: meta.ObjectMeta{Name: name}}
		} else if err != nil {
			log.Printf("reading the lease: %v", err)
			return
		}
		lease.Spec = coordination.LeaseSpec{HolderIdentity: &name, LeaseDurationSeconds: &seconds, RenewTime: &now}
		if lease.ResourceVersion == "" {
			_, err = leases.Create(ctx, lease, meta.CreateOptions{})
		} else {
			_, err = leases.Update(ctx, lease, meta.UpdateOptions{})
		}
		if err != nil {
			log.Printf("renewing the lease: %v", err)
		}
	}, leaseRenewInterval)
}

// bindPods is the scheduler: every pod that waits for one comes to this node.
func bindPods(ctx context.Context, client kubernetes.Interface, nodeName string) {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTweakListOptions(func(o *meta.ListOptions) {
		o.FieldSelector = fields.AndSelectors(
			fields.OneTermEqualSelector("spec.nodeName", ""),
			fields.OneTermEqualSelector("spec.schedulerName", core.DefaultSchedulerName),
		).String()
	}))
	bind := func(object any) {
		pod, ok := object.(*core.Pod)
		if !ok || pod.DeletionTimestamp != nil || len(pod.Spec.SchedulingGates) > 0 {
			return
		}
		go bindPod(ctx, client, pod, nodeName)
	}
	informer := factory.Core().V1().Pods().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    bind,
		UpdateFunc: func(_, object any) { bind(object) },
	}); err != nil {
		panic(fmt.Sprintf("a new informer takes handlers: %v", err))
	}
	informer.Run(ctx.Done())
}

// bindPod tries until the pod is bound, by us or another, or gone.
func bindPod(ctx context.Context, client kubernetes.Interface, pod *core.Pod, nodeName string) {
	for {
		binding := &core.Binding{
			ObjectMeta: meta.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
			Target:     core.ObjectReference{Kind: "Node", Name: nodeName},
		}
		err := client.CoreV1().Pods(pod.Namespace).Bind(ctx, binding, meta.CreateOptions{})
		if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) || ctx.Err() != nil {
			return
		}
		log.Printf("binding %s/%s: %v", pod.Namespace, pod.Name, err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(statusRetry):
		}
	}
}
