package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const workers = 32

// populate creates that many ConfigMaps, many at a time.
func populate(ctx context.Context, config *rest.Config, namespace string, count int) error {
	config = protobuf(config)
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return inParallel(workers, count, func(i int) error {
		object := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{
				Name:   fmt.Sprintf("object-%05d", i),
				Labels: map[string]string{"tenth": fmt.Sprint(i % 10)},
			},
			Data:       map[string]string{"number": fmt.Sprint(i), "text": "ä \u2028 \"quoted\" <&>\n"},
			BinaryData: map[string][]byte{"bytes": pattern(64, uint64(i)+1)},
		}
		_, err := client.CoreV1().ConfigMaps(namespace).Create(ctx, object, metav1.CreateOptions{})
		return err
	})
}

// register creates that many registrations of clusters, many at a time.
func register(ctx context.Context, config *rest.Config, count int) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	objects := client.Resource(registrations)
	return inParallel(workers, count, func(i int) error {
		object := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "registry.mctunnel.io/v1", "kind": "ClusterRegistration",
			"metadata": map[string]any{
				"name":   fmt.Sprintf("cluster-%05d", i),
				"labels": map[string]any{"tenth": fmt.Sprint(i % 10), "region": "somewhere"},
			},
			"spec": map[string]any{"limits": map[string]any{"maxInFlight": int64(100 + i%100)}},
		}}
		_, err := objects.Create(ctx, object, metav1.CreateOptions{})
		return err
	})
}

// inParallel calls work with 0 … count-1, and returns all errors.
func inParallel(workers, count int, work func(int) error) error {
	numbers := make(chan int)
	failures := make([]error, workers)
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for i := range numbers {
				if err := work(i); err != nil && failures[worker] == nil {
					failures[worker] = err
				}
			}
		})
	}
	for i := range count {
		numbers <- i
	}
	close(numbers)
	group.Wait()
	return errors.Join(failures...)
}

func protobuf(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	return config
}
