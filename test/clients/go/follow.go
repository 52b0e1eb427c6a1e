package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

var (
	clusters      = schema.GroupVersionResource{Group: "gateway.mctunnel.io", Version: "v1", Resource: "clusters"}
	registrations = schema.GroupVersionResource{Group: "registry.mctunnel.io", Version: "v1", Resource: "clusterregistrations"}
)

// Longer than any run of follow.
const followPatience = 15 * time.Minute

// What one informer saw.
type followed struct {
	// How often it sent which request and was answered how: `list 200`, `watch with initial events 200`, `watch 410`, …
	Requests map[string]int `json:"requests"`
	Events   int            `json:"events"`
	// Deletions of which only the fact was learned, from a list.
	Missed int `json:"missed"`
	// Every event of every object, and none besides.
	Exact bool `json:"exact"`
	// Nothing that did not happen, and nothing before what came before it.
	InOrder bool `json:"inOrder"`
	// The informer's store holds what the server holds, in the same versions.
	EqualsStore bool   `json:"equalsStore"`
	Difference  string `json:"difference,omitempty"`
	// What it read, compared with the store's history: every list with the store at its version, every watch with the changes after its own.
	Reads exactness `json:"reads"`
}

type followReport struct {
	Objects   int                 `json:"objects"`
	Writes    int                 `json:"writes"`
	Informers map[string]followed `json:"informers"`
}

// follow keeps a dynamic and a metadata informer on clusters (read with the first configuration) while registrations are created,
// changed and deleted (with the second), until its standard input ends. Then it prints whether the informers saw just that, as JSON. It
// prints `synced COUNT` first, when the informers have read what there was. Whoever started it may end and begin the hub meanwhile.
func follow(readConfig, writeConfig *rest.Config) error {
	ctx, cancel := context.WithTimeout(context.Background(), followPatience)
	defer cancel()
	writer, err := dynamic.NewForConfig(writeConfig)
	if err != nil {
		return err
	}
	// Nobody else writes.
	before, base, err := versionsOf(ctx, writer.Resource(registrations))
	if err != nil {
		return err
	}
	watchers, err := watchers(readConfig)
	if err != nil {
		return err
	}
	for _, one := range watchers {
		if _, err := one.informer.AddEventHandler(one.seen); err != nil {
			return err
		}
		go one.informer.Run(ctx.Done())
	}
	for name, one := range watchers {
		if !cache.WaitForCacheSync(ctx.Done(), one.informer.HasSynced) {
			return fmt.Errorf("the %s informer did not synchronise in time", name)
		}
	}
	initial := len(watchers["dynamic"].informer.GetStore().List())
	fmt.Printf("synced %d\n", initial)

	stop := make(chan struct{})
	go func() {
		// Nothing is expected but its end.
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		close(stop)
	}()
	truth, last, err := changeUntil(ctx, writer.Resource(registrations), stop)
	if err != nil {
		return err
	}
	for name, one := range watchers {
		if err := one.seen.has(ctx, last); err != nil {
			return fmt.Errorf("the %s informer never saw the last object: %w", name, err)
		}
	}
	stored, _, err := versionsOf(ctx, writer.Resource(registrations))
	if err != nil {
		return err
	}
	held := map[string]uint64{}
	for name, version := range before {
		held[name] = number(version)
	}
	// Watches go on; what they bring from here on is nothing.
	all := []*reads{}
	for _, one := range watchers {
		one.reads.mutex.Lock()
		defer one.reads.mutex.Unlock()
		all = append(all, one.reads)
	}
	history, faults := historyOf(number(base), held, truth, all)
	report := followReport{Objects: len(stored), Writes: truth.writes, Informers: map[string]followed{}}
	for name, one := range watchers {
		result := one.compare(truth, stored)
		result.Reads = history.check(one.reads)
		result.Reads.Faults = append(append([]string{}, faults...), result.Reads.Faults...)
		report.Informers[name] = result
	}
	return json.NewEncoder(os.Stdout).Encode(report)
}

type watcher struct {
	informer cache.SharedIndexInformer
	seen     *history
	requests *record
	reads    *reads
}

func watchers(config *rest.Config) (map[string]*watcher, error) {
	dynamicConfig, dynamicRequests := recording(config)
	dynamicConfig, dynamicReads := keepingReads(dynamicConfig)
	dynamicClient, err := dynamic.NewForConfig(dynamicConfig)
	if err != nil {
		return nil, err
	}
	metadataConfig, metadataRequests := recording(metadata.ConfigFor(config))
	metadataConfig, metadataReads := keepingReads(metadataConfig)
	metadataClient, err := metadata.NewForConfig(metadataConfig)
	if err != nil {
		return nil, err
	}
	return map[string]*watcher{
		"dynamic": {
			informer: dynamicinformer.NewDynamicSharedInformerFactory(dynamicClient, 0).ForResource(clusters).Informer(),
			seen:     newHistory(),
			requests: dynamicRequests,
			reads:    dynamicReads,
		},
		"metadata": {
			informer: metadatainformer.NewSharedInformerFactory(metadataClient, 0).ForResource(clusters).Informer(),
			seen:     newHistory(),
			requests: metadataRequests,
			reads:    metadataReads,
		},
	}, nil
}

func (w *watcher) compare(truth *truth, stored map[string]string) followed {
	result := followed{Requests: w.requests.counts(byKindOfRead), Exact: true, InOrder: true, EqualsStore: true}
	differ := func(format string, values ...any) {
		if result.Difference == "" {
			result.Difference = fmt.Sprintf(format, values...)
		}
	}
	w.seen.mutex.Lock()
	defer w.seen.mutex.Unlock()
	result.Missed = w.seen.missed
	for name, saw := range w.seen.byName {
		result.Events += len(saw)
		was := truth.byName[name]
		if !isWithin(saw, was) {
			result.InOrder = false
			differ("%s: saw %v of %v", name, saw, was)
		}
	}
	for name, was := range truth.byName {
		if saw := w.seen.byName[name]; !isSame(saw, was) {
			result.Exact = false
			differ("%s: saw %v, it was %v", name, saw, was)
		}
	}
	held := map[string]string{}
	for _, object := range w.informer.GetStore().List() {
		name, version := nameAndVersion(object)
		held[name] = version
	}
	for name, version := range stored {
		if held[name] != version {
			result.EqualsStore = false
			differ("%s is held at %q, stored at %q", name, held[name], version)
		}
		delete(held, name)
	}
	if len(held) > 0 {
		result.EqualsStore = false
		differ("%d objects are held that are not stored", len(held))
	}
	return result
}

func followArguments(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: client-go follow KUBECONFIG KUBECONFIG-FOR-WRITES")
	}
	configs := make([]*rest.Config, 0, 2)
	for _, path := range args[1:] {
		config, err := clientcmd.BuildConfigFromFlags("", path)
		if err != nil {
			return err
		}
		config.QPS = -1
		configs = append(configs, config)
	}
	return follow(configs[0], configs[1])
}
