package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"time"
)

// settle is what a process has before its memory counts: it collects garbage.
const settle = 2 * time.Second

// watchesGone is what its processes have to get rid of thousands of watches.
const watchesGone = 10 * time.Second

// aloneWarmUp is what it has before it is measured alone.
const aloneWarmUp = time.Second

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
	// The same when nothing else went on beside it: just before, with quiet watches just behind.
	Alone *alone `json:"alone,omitempty"`
}

type alone struct {
	PerSec float64 `json:"perSecond"`
	P50Ms  float64 `json:"p50Ms"`
	P99Ms  float64 `json:"p99Ms"`
}

// add counts the errors.
func (r *result) add(f figures) {
	r.Errors += f.errors
	if f.err != nil {
		r.Error = f.err.Error()
	}
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

	asked := window{asking, measured, *connections, *warmUp, *duration, *count}
	out := result{CPUMs: map[string]int64{}, PeakMiB: map[string]float64{}, QuietKiB: map[string]float64{}}
	measureAlone := func() {
		without := asked
		without.warmUp = aloneWarmUp
		got := without.dial().measure(func() {})
		out.Alone = &alone{got.perSecond(), got.quantileMs(50), got.quantileMs(99)}
		out.add(got)
	}
	if *count == 0 && *stalled+*bulk > 0 {
		measureAlone()
	}
	endWatches := func() {}
	defer func() { endWatches() }()
	if *quiet > 0 {
		time.Sleep(settle)
		before := map[string]int64{}
		for _, process := range processes {
			before[process.name] = process.residentKiB()
		}
		var err error
		endWatches, err = asking.watchQuietly(question{"GET", "/api/v1/quiet?watch=true", 0, -1}, *quiet)
		if err != nil {
			return err
		}
		time.Sleep(settle)
		for _, process := range processes {
			out.QuietKiB[process.name] = float64(process.residentKiB()-before[process.name]) / float64(*quiet)
		}
	}

	connected := asked.dial()
	others := startBeside(asking, *stalled, *bulk)
	var cpu []map[string]int64
	var besideBytes, missing []int64
	got := connected.measure(func() {
		used := map[string]int64{}
		for _, process := range processes {
			used[process.name] = process.cpuMs()
		}
		cpu, besideBytes = append(cpu, used), append(besideBytes, others.bytes.Load())
		missing = append(missing, others.missing())
	})
	others.stop()

	out.add(got)
	lost := missing[1]
	if *warmUp > 0 {
		// Without, they come while it counts.
		lost = max(lost, missing[0])
	}
	if lost > 0 {
		out.Errors += lost
		out.Error = fmt.Sprintf("%d of %d readers beside it had no answer, or lost it", lost, others.count)
	}
	out.Seconds, out.Requests, out.PerSec = got.elapsed.Seconds(), int64(len(got.latencies)), got.perSecond()
	out.P50Ms, out.P99Ms, out.MaxMs = got.quantileMs(50), got.quantileMs(99), ms(got.slowest)
	out.MBps = float64(got.bytes) / out.Seconds / 1e6
	out.BesideMB = float64(besideBytes[1]-besideBytes[0]) / out.Seconds / 1e6
	for _, process := range processes {
		out.CPUMs[process.name] = cpu[1][process.name] - cpu[0][process.name]
		if out.CPUMs[process.name] < 0 {
			return fmt.Errorf("%s has ended", process.name)
		}
		out.PeakMiB[process.name] = float64(process.peakKiB()) / 1024
	}
	if *quiet > 0 {
		// Not before: the watches would be given the memory of what answered that.
		endWatches()
		endWatches = func() {}
		time.Sleep(watchesGone)
		measureAlone()
	}
	if shared != nil {
		out.Dials = shared.dials.Load()
	}
	return json.NewEncoder(os.Stdout).Encode(out)
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
