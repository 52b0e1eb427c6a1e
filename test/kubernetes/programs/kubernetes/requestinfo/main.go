// Command requestinfo says what kube-apiserver makes of requests: for each line "METHOD TARGET" of standard input one line of JSON, read by Go's own
// net/http and net/url and by the apiserver's RequestInfo.
package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
)

type answer struct {
	// Why it is no request; all else is empty then.
	Fault string `json:"fault,omitempty"`
	// Decoded.
	Path string `json:"path"`
	// The path as net/url writes it.
	Canonical         string `json:"canonical"`
	IsResourceRequest bool   `json:"isResourceRequest"`
	Verb              string `json:"verb"`
	APIPrefix         string `json:"apiPrefix"`
	APIGroup          string `json:"apiGroup"`
	APIVersion        string `json:"apiVersion"`
	Namespace         string `json:"namespace"`
	Resource          string `json:"resource"`
	Subresource       string `json:"subresource"`
	Name              string `json:"name"`
}

// As kube-apiserver has it (apiserver, pkg/server/config.go, NewRequestInfoResolver).
var resolver = &request.RequestInfoFactory{
	APIPrefixes:          sets.NewString("api", "apis"),
	GrouplessAPIPrefixes: sets.NewString("api"),
}

func read(line string) answer {
	head := line + " HTTP/1.1\r\nHost: h\r\n\r\n"
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
	if err != nil {
		return answer{Fault: err.Error()}
	}
	info, err := resolver.NewRequestInfo(req)
	if err != nil {
		return answer{Fault: err.Error()}
	}
	canonical := url.URL{Path: req.URL.Path}
	return answer{
		Path: req.URL.Path, Canonical: canonical.EscapedPath(), IsResourceRequest: info.IsResourceRequest, Verb: info.Verb,
		APIPrefix: info.APIPrefix, APIGroup: info.APIGroup, APIVersion: info.APIVersion, Namespace: info.Namespace,
		Resource: info.Resource, Subresource: info.Subresource, Name: info.Name,
	}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1024*1024), 1024*1024)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for lines.Scan() {
		if err := encoder.Encode(read(lines.Text())); err != nil {
			os.Exit(1)
		}
	}
	if lines.Err() != nil || out.Flush() != nil {
		os.Exit(1)
	}
}
