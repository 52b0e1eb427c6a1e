package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// What a client got to read, answer by answer: an informer's own handlers hear of it only what its store makes of it.
type reads struct {
	mutex sync.Mutex
	all   []*read
}

// One list (or page of one) or watch that was answered 200.
type read struct {
	query url.Values
	watch bool
	body  bytes.Buffer
}

// A line of a watch.
type eventRead struct {
	Type   string     `json:"type"`
	Object objectRead `json:"object"`
}

type objectRead struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
}

type listRead struct {
	Metadata metav1.ListMeta `json:"metadata"`
	Items    []objectRead    `json:"items"`
}

// keepingReads returns a copy of the configuration of which everything that is read of a collection is kept.
func keepingReads(config *rest.Config) (*rest.Config, *reads) {
	kept := &reads{}
	config = rest.CopyConfig(config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			response, err := next.RoundTrip(request)
			if err != nil || response.StatusCode != http.StatusOK {
				return response, err
			}
			one := &read{query: request.URL.Query()}
			one.watch = isTrue(one.query.Get("watch"))
			kept.mutex.Lock()
			kept.all = append(kept.all, one)
			kept.mutex.Unlock()
			response.Body = &keptBody{ReadCloser: response.Body, reads: kept, read: one}
			return response, nil
		})
	})
	return config, kept
}

type keptBody struct {
	io.ReadCloser
	reads *reads
	read  *read
}

func (b *keptBody) Read(into []byte) (int, error) {
	count, err := b.ReadCloser.Read(into)
	b.reads.mutex.Lock()
	defer b.reads.mutex.Unlock()
	b.read.body.Write(into[:count])
	return count, err
}

func isTrue(text string) bool {
	value, err := strconv.ParseBool(text)
	return err == nil && value
}

// events are those that came whole.
func (r *read) events() ([]eventRead, error) {
	var events []eventRead
	lines := bytes.Split(r.body.Bytes(), []byte("\n"))
	for _, line := range lines[:len(lines)-1] {
		var event eventRead
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}

// list is nil when it did not come whole.
func (r *read) list() *listRead {
	var list listRead
	if json.Unmarshal(r.body.Bytes(), &list) != nil {
		return nil
	}
	return &list
}
