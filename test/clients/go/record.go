package main

import (
	"fmt"
	"net/http"
	"sort"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
)

// A record of the requests that a client really sent, however it decided to.
type record struct {
	mutex    sync.Mutex
	requests []recorded
}

type recorded struct {
	method string
	query  map[string][]string
	// 0 when no answer came, or one that the library kept to itself.
	status      int
	contentType string
}

// recording returns a copy of the configuration whose requests are recorded.
func recording(config *rest.Config) (*rest.Config, *record) {
	seen := &record{}
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			response, err := next.RoundTrip(request)
			one := recorded{method: request.Method, query: request.URL.Query()}
			if response != nil {
				one.status = response.StatusCode
				one.contentType = response.Header.Get("Content-Type")
			}
			seen.mutex.Lock()
			defer seen.mutex.Unlock()
			seen.requests = append(seen.requests, one)
			return response, err
		})
	})
	return config, seen
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

// print prints counts.
func (r *record) print(describe func(recorded) string) {
	counts := r.counts(describe)
	lines := make([]string, 0, len(counts))
	for description, count := range counts {
		lines = append(lines, fmt.Sprintf("%d × %s", count, description))
	}
	sort.Strings(lines)
	fmt.Printf("  requests: %s\n", strings.Join(lines, ", "))
}

// counts says how many requests there were of each description, and forgets them.
func (r *record) counts(describe func(recorded) string) map[string]int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	counts := map[string]int{}
	for _, one := range r.requests {
		counts[describe(one)]++
	}
	r.requests = nil
	return counts
}

func byMethod(one recorded) string { return one.method }

func byContentType(one recorded) string {
	return fmt.Sprintf("%s %d %s", one.method, one.status, one.contentType)
}

func byKindOfRead(one recorded) string {
	kind := one.method
	if one.method == http.MethodGet {
		kind = "list"
		if len(one.query["continue"]) > 0 {
			kind = "next page"
		}
		if len(one.query["watch"]) > 0 {
			kind = "watch"
		}
		if len(one.query["sendInitialEvents"]) > 0 {
			kind = "watch with initial events"
		}
	}
	return fmt.Sprintf("%s %d", kind, one.status)
}
