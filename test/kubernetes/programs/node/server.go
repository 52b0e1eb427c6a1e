package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

const (
	// As the kubelet: an idle stream lives four hours, a client has 30 s to open the streams it announced.
	streamIdleTimeout     = 4 * time.Hour
	streamCreationTimeout = remotecommand.DefaultStreamCreationTimeout
)

type server struct {
	pods       *pods
	clientName string
}

// newServer is the kubelet's API over TLS: for the API server's client certificate and nobody else.
func newServer(o options, network *network, pods *pods) (*http.Server, error) {
	clients := x509.NewCertPool()
	authority, err := os.ReadFile(o.kubeletCA)
	if err != nil {
		return nil, err
	}
	if !clients.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s holds no certificate", o.kubeletCA)
	}
	serving, err := servingCertificate(o, network)
	if err != nil {
		return nil, err
	}
	s := &server{pods: pods, clientName: o.clientName}
	mux := http.NewServeMux()
	for _, method := range []string{"GET", "POST"} {
		mux.HandleFunc(method+" /exec/{namespace}/{pod}/{container}", s.exec)
		mux.HandleFunc(method+" /attach/{namespace}/{pod}/{container}", s.attach)
		mux.HandleFunc(method+" /portForward/{namespace}/{pod}", s.portForward)
	}
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", s.logs)
	mux.HandleFunc("GET /pods", s.list)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) })
	return &http.Server{
		Handler: s.authorized(mux),
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{serving},
			ClientCAs:    clients,
			ClientAuth:   tls.VerifyClientCertIfGiven,
			MinVersion:   tls.VersionTLS12,
		},
		ErrorLog: log.Default(),
	}, nil
}

func (s *server) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.VerifiedChains) == 0 {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		if name := r.TLS.PeerCertificates[0].Subject.CommonName; name != s.clientName {
			http.Error(w, fmt.Sprintf("Forbidden (user=%s)", name), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// found answers 404 itself when the pod, or a container that the path names, is not here.
func (s *server) found(w http.ResponseWriter, r *http.Request) (*pod, *container) {
	p, err := s.pods.find(r.PathValue("namespace"), r.PathValue("pod"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return nil, nil
	}
	name := r.PathValue("container")
	if name == "" {
		return p, nil
	}
	c, err := p.container(name)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return nil, nil
	}
	return p, c
}

func (s *server) exec(w http.ResponseWriter, r *http.Request) {
	p, c := s.found(w, r)
	if c == nil {
		return
	}
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeExec(w, r, streams{p}, p.name, string(p.uid), c.spec.Name, r.URL.Query()["command"], options,
		streamIdleTimeout, streamCreationTimeout, remotecommand.SupportedStreamingProtocols)
}

func (s *server) attach(w http.ResponseWriter, r *http.Request) {
	p, c := s.found(w, r)
	if c == nil {
		return
	}
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeAttach(w, r, streams{p}, p.name, string(p.uid), c.spec.Name, options,
		streamIdleTimeout, streamCreationTimeout, remotecommand.SupportedStreamingProtocols)
}

func (s *server) portForward(w http.ResponseWriter, r *http.Request) {
	p, _ := s.found(w, r)
	if p == nil {
		return
	}
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(w, r, streams{p}, p.name, string(p.uid), options,
		streamIdleTimeout, streamCreationTimeout, portforward.SupportedProtocols)
}

func (s *server) logs(w http.ResponseWriter, r *http.Request) {
	_, c := s.found(w, r)
	if c == nil {
		return
	}
	query := r.URL.Query()
	options, err := logOptionsFrom(query.Get, time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	previous, err := boolean(query.Get("previous"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	containerLog, err := c.logOf(previous)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusOK)
	controller := http.NewResponseController(w)
	flush := func() { _ = controller.Flush() }
	if err := containerLog.copyTo(r.Context(), w, flush, options); err != nil && r.Context().Err() == nil {
		log.Printf("%s: reading the log: %v", c, err)
		panic(http.ErrAbortHandler)
	}
}

func logOptionsFrom(get func(string) string, now time.Time) (o logOptions, err error) {
	o.tailLines = -1
	if o.follow, err = boolean(get("follow")); err != nil {
		return o, err
	}
	if o.timestamps, err = boolean(get("timestamps")); err != nil {
		return o, err
	}
	if text := get("tailLines"); text != "" {
		if o.tailLines, err = strconv.ParseInt(text, 10, 64); err != nil || o.tailLines < 0 {
			return o, fmt.Errorf("tailLines must be a number of lines, not %q", text)
		}
	}
	if text := get("limitBytes"); text != "" {
		if o.limitBytes, err = strconv.ParseInt(text, 10, 64); err != nil || o.limitBytes < 1 {
			return o, fmt.Errorf("limitBytes must be a positive number, not %q", text)
		}
	}
	if text := get("sinceSeconds"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds < 1 {
			return o, fmt.Errorf("sinceSeconds must be a positive number, not %q", text)
		}
		o.since = now.Add(-time.Duration(seconds) * time.Second)
	}
	if text := get("sinceTime"); text != "" {
		if o.since, err = time.Parse(time.RFC3339, text); err != nil {
			return o, fmt.Errorf("sinceTime: %w", err)
		}
	}
	switch stream := get("stream"); stream {
	case "", core.LogStreamAll:
	case core.LogStreamStdout:
		o.stream = "stdout"
	case core.LogStreamStderr:
		o.stream = "stderr"
	default:
		return o, fmt.Errorf("stream must be %s, %s or %s, not %q", core.LogStreamAll, core.LogStreamStdout, core.LogStreamStderr, stream)
	}
	return o, nil
}

func boolean(text string) (bool, error) {
	if text == "" {
		return false, nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return false, errors.New("not a boolean: " + strconv.Quote(text))
	}
	return value, nil
}

func (s *server) list(w http.ResponseWriter, _ *http.Request) {
	list := core.PodList{TypeMeta: meta.TypeMeta{APIVersion: "v1", Kind: "PodList"}}
	for _, object := range s.pods.list() {
		list.Items = append(list.Items, *object)
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(list); err != nil {
		log.Printf("listing pods: %v", err)
	}
}
