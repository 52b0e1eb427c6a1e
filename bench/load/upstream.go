package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
)

// proxied is where an aggregated API has all that as well.
const proxied = "/clusters/bench/proxy"

// upstream stands for a managed cluster's API server: `/api/v1/bytes?n=N` answers N bytes of the pattern, `/api/v1/sink` takes them,
// `/api/v1/quiet` begins an answer and says nothing more.
func upstream(args []string) error {
	flags := flag.NewFlagSet("upstream", flag.ExitOnError)
	listen := flags.String("listen", "127.0.0.1:0", "address")
	certFile := flags.String("cert", "", "certificate")
	keyFile := flags.String("key", "", "its key")
	prefix := flags.String("prefix", "", "path of an aggregated API that it is, below which all that is")
	_ = flags.Parse(args)

	certificate, err := tls.LoadX509KeyPair(*certFile, *keyFile)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/bytes", sendBytes)
	mux.HandleFunc("/api/v1/sink", takeBytes)
	mux.HandleFunc("/api/v1/quiet", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	// What an agent asks its cluster for.
	mux.HandleFunc("/version", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"major":"1","minor":"34","gitVersion":"v1.34.0","gitCommit":"","gitTreeState":"","buildDate":"","goVersion":"","compiler":"","platform":""}`)
	})
	mux.HandleFunc("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","status":{"allowed":true}}`)
	})
	if *prefix != "" {
		// What kube-aggregator asks for to see that the API is there.
		mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"","resources":[]}`)
		})
		// A subresource `proxy` may take as long as it will.
		mux.Handle(proxied+"/", http.StripPrefix(proxied, mux))
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	server := &http.Server{
		Handler:   below(*prefix, mux),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	return server.ServeTLS(listener, "", "")
}

// below answers requests for prefix itself as for "/".
func below(prefix string, handler http.Handler) http.Handler {
	stripped := http.StripPrefix(prefix, handler)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == prefix {
			r.URL.Path += "/"
		}
		stripped.ServeHTTP(w, r)
	})
}

func sendBytes(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.URL.Query().Get("n"), 10, 64)
	if err != nil || n < 0 {
		http.Error(w, "n is not a size", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	for at := int64(0); at < n; {
		piece := patternAt(at, int(min(n-at, 32*1024)))
		if _, err := w.Write(piece); err != nil {
			return
		}
		at += int64(len(piece))
	}
}

func takeBytes(w http.ResponseWriter, r *http.Request) {
	buffer := make([]byte, 64*1024)
	at := int64(0)
	for {
		n, err := r.Body.Read(buffer)
		if !matches(at, buffer[:n]) {
			http.Error(w, fmt.Sprintf("wrong bytes near %d", at), http.StatusBadRequest)
			return
		}
		at += int64(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			return
		}
	}
	body := strconv.FormatInt(at, 10)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = io.WriteString(w, body)
}
