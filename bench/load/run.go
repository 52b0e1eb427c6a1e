package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// settle is what a process has before its memory counts: it collects garbage.
const settle = 2 * time.Second

// afterError is how long who met an error waits before it asks again, on a new connection.
const afterError = 100 * time.Millisecond

type result struct {
	Requests int64              `json:"requests"`
	Errors   int64              `json:"errors"`
	Error    string             `json:"error,omitempty"`
	Seconds  float64            `json:"seconds"`
	PerSec   float64            `json:"perSecond"`
	P50Ms    float64            `json:"p50Ms"`
	P99Ms    float64            `json:"p99Ms"`
	MaxMs    float64            `json:"maxMs"`
	MBps     float64            `json:"megabytesPerSecond"`
	BesideMB float64            `json:"besideMegabytesPerSecond"`
	CPUMs    map[string]int64   `json:"cpuMs"`
	PeakMiB  map[string]float64 `json:"peakMiB"`
	QuietKiB map[string]float64 `json:"quietKiB,omitempty"`
	// Connections that HTTP/2 took.
	Dials int64 `json:"dials,omitempty"`
}

type tally struct {
	latencies []time.Duration
	bytes     int64
	errors    int64
	err       error
	// How long the request took that was open at the end; it counts as the slowest only.
	open time.Duration
}

func run(args []string) error {
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	address := flags.String("url", "", "base URL; /api/v1/bytes and /api/v1/sink are asked for below it")
	size := flags.Int64("bytes", 1024, "size of an answer")
	upload := flags.Int64("upload", 0, "send so many bytes instead")
	connections := flags.Int("c", 1, "connections")
	duration := flags.Duration("d", 5*time.Second, "how long; with -n, the limit")
	warmUp := flags.Duration("warm-up", time.Second, "before that, not measured")
	count := flags.Int64("n", 0, "so many requests instead")
	stalled := flags.Int("stalled", 0, "clients beside it that do not read")
	bulk := flags.Int("bulk", 0, "endless downloads beside it")
	quiet := flags.Int("quiet", 0, "watches beside it of which nothing comes; told is what each costs in resident memory")
	fresh := flags.Bool("fresh", false, "a connection for each request, of HTTP/1.1")
	h2 := flags.Int("h2", 0, "HTTP/2, all over so many connections; 0: HTTP/1.1, a connection each")
	ca := flags.String("ca", "", "CA file")
	cert := flags.String("cert", "", "client certificate")
	key := flags.String("key", "", "its key")
	bearer := flags.String("bearer", "", "bearer token")
	proxy := proxyFlags(flags)
	pids := flags.String("pids", "", "name=pid,… whose CPU time is measured")
	_ = flags.Parse(args)

	parsed, err := url.Parse(*address)
	if err != nil {
		return err
	}
	processes, err := watchedProcesses(*pids)
	if err != nil {
		return err
	}
	if err := proxy.check(flags); err != nil {
		return err
	}
	d := &dialer{address: parsed.Host}
	if d.tls, err = tlsConfig(*ca, *cert, *key); err != nil {
		return err
	}
	if d.through, err = proxy.dialer(); err != nil {
		return err
	}
	to := target{base: parsed, bearer: *bearer}
	var asking clients = &http1{to, d, *fresh}
	var shared *http2
	if *h2 > 0 {
		if d.through != nil || *fresh {
			return errors.New("-h2 goes neither with -proxy nor with -fresh")
		}
		shared = newHTTP2(to, d.tls, *h2)
		asking = shared
	}
	measured := question{"GET", fmt.Sprintf("/api/v1/bytes?n=%d", *size), 0, *size}
	if *upload > 0 {
		measured = question{"POST", "/api/v1/sink", *upload, -1}
	}

	quietKiB := map[string]float64{}
	if *quiet > 0 {
		time.Sleep(settle)
		before := map[string]int64{}
		for _, process := range processes {
			before[process.name] = process.residentKiB()
		}
		end, err := asking.watchQuietly(question{"GET", "/api/v1/quiet?watch=true", 0, -1}, *quiet)
		defer end()
		if err != nil {
			return err
		}
		time.Sleep(settle)
		for _, process := range processes {
			quietKiB[process.name] = float64(process.residentKiB()-before[process.name]) / float64(*quiet)
		}
	}

	var measuring, stop atomic.Bool
	var left atomic.Int64
	left.Store(*count)
	tallies := make([]tally, *connections)
	var ready, workers sync.WaitGroup
	ready.Add(*connections)
	begin := make(chan struct{})
	for i := range tallies {
		workers.Add(1)
		go func(t *tally) {
			defer workers.Done()
			asker, err := asking.asker(i, measured)
			ready.Done()
			if err != nil {
				t.err, t.errors = err, 1
			}
			// So many requests are asked for on one connection; for so long, on as many as it takes.
			again := func() bool {
				for *count == 0 && !stop.Load() {
					time.Sleep(afterError)
					next, failed := asking.asker(i, measured)
					if failed == nil {
						asker = next
						return true
					}
					t.err, t.errors = failed, t.errors+1
				}
				return false
			}
			deadline := time.Now().Add(*duration + *warmUp)
			<-begin
			if err != nil && !again() {
				return
			}
			defer func() { asker.close() }()
			for !stop.Load() {
				if *count > 0 && left.Add(-1) < 0 {
					return
				}
				started := time.Now()
				if *count == 0 {
					deadline = started.Add(20 * time.Second)
				}
				got, err := asker.ask(deadline)
				if stop.Load() && *count == 0 {
					t.open = time.Since(started)
					return
				}
				if *count > 1 && errors.Is(err, os.ErrDeadlineExceeded) {
					// So long, or so many.
					return
				}
				if err != nil {
					t.err, t.errors = err, t.errors+1
					asker.close()
					if !again() {
						return
					}
					continue
				}
				// What began before counts as what will have begun at the end does not.
				if measuring.Load() {
					t.latencies = append(t.latencies, time.Since(started))
					t.bytes += got + *upload
				}
			}
		}(&tallies[i])
	}
	ready.Wait()

	endless := question{"GET", "/api/v1/bytes?n=1000000000000", 0, -1}
	// Readers that have an answer: without one they are no load.
	var answered atomic.Int64
	until := time.Now().Add(*warmUp + *duration)
	for i := range *stalled {
		go func() {
			answer, err := asking.open(i, endless)
			if err != nil {
				return
			}
			defer answer.Close()
			// It reads a little and then no more.
			if _, err = io.CopyN(io.Discard, answer, 4096); err == nil {
				answered.Add(1)
			}
			time.Sleep(time.Until(until))
		}()
	}
	var besideBytes atomic.Int64
	for i := range *bulk {
		go func() {
			answer, err := asking.open(i, endless)
			if err != nil {
				return
			}
			defer answer.Close()
			answered.Add(1)
			buffer := make([]byte, 64*1024)
			for !stop.Load() {
				n, err := answer.Read(buffer)
				besideBytes.Add(int64(n))
				if err != nil {
					return
				}
			}
		}()
	}

	if *count > 0 {
		measuring.Store(true)
	}
	cpu := func() map[string]int64 {
		used := map[string]int64{}
		for _, process := range processes {
			used[process.name] = process.cpuMs()
		}
		return used
	}
	if *count == 0 {
		close(begin)
		time.Sleep(*warmUp)
	}
	before, started, besideBefore := cpu(), time.Now(), besideBytes.Load()
	measuring.Store(true)
	if *count > 0 {
		close(begin)
		workers.Wait()
	} else {
		time.Sleep(*duration)
	}
	elapsed := time.Since(started)
	after, beside := cpu(), besideBytes.Load()-besideBefore
	stop.Store(true)
	finished := make(chan struct{})
	go func() { workers.Wait(); close(finished) }()
	select {
	case <-finished:
	case <-time.After(25 * time.Second):
	}

	out := result{Seconds: elapsed.Seconds(), CPUMs: map[string]int64{}, PeakMiB: map[string]float64{}, QuietKiB: quietKiB}
	var all []time.Duration
	var bytes int64
	for _, t := range tallies {
		all = append(all, t.latencies...)
		bytes += t.bytes
		out.Errors += t.errors
		if t.err != nil {
			out.Error = t.err.Error()
		}
	}
	slices.Sort(all)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	if n := len(all); n > 0 {
		out.P50Ms, out.P99Ms, out.MaxMs = ms(all[n/2]), ms(all[n*99/100]), ms(all[n-1])
	}
	for _, t := range tallies {
		out.MaxMs = max(out.MaxMs, ms(t.open))
	}
	if missing := int64(*stalled+*bulk) - answered.Load(); missing > 0 {
		out.Errors += missing
		out.Error = fmt.Sprintf("%d of %d readers beside it have no answer", missing, *stalled+*bulk)
	}
	out.Requests = int64(len(all))
	out.PerSec = float64(len(all)) / elapsed.Seconds()
	out.MBps = float64(bytes) / elapsed.Seconds() / 1e6
	out.BesideMB = float64(beside) / elapsed.Seconds() / 1e6
	for _, process := range processes {
		out.CPUMs[process.name] = after[process.name] - before[process.name]
		if after[process.name] < before[process.name] {
			return fmt.Errorf("%s has ended", process.name)
		}
		out.PeakMiB[process.name] = float64(process.peakKiB()) / 1024
	}
	if shared != nil {
		out.Dials = shared.dials.Load()
	}
	return json.NewEncoder(io.Writer(os.Stdout)).Encode(out)
}

func tlsConfig(ca, cert, key string) (*tls.Config, error) {
	config := &tls.Config{NextProtos: []string{"http/1.1"}, RootCAs: x509.NewCertPool(), ServerName: "localhost"}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", ca)
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
