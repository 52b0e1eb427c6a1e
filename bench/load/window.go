package main

import (
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// afterError is how long who met an error waits before it asks again, on a new connection.
const afterError = 100 * time.Millisecond

// giveUp is how long who asks waits for a connection or an answer, and lastAnswers how long those that are open at the end are waited for: longer than both.
const (
	giveUp      = 20 * time.Second
	lastAnswers = 45 * time.Second
)

// window is a time in which one question is asked again and again, over so many connections at a time.
type window struct {
	asking      clients
	question    question
	connections int
	// Before that, not measured.
	warmUp time.Duration
	// With count, the limit.
	duration time.Duration
	// So many questions instead; 0: as many as it takes.
	count int64
}

// figures is what came of it.
type figures struct {
	// Of the answers that came in the time that counts, shortest first.
	latencies []time.Duration
	bytes     int64
	errors    int64
	// One of them.
	err     error
	elapsed time.Duration
	// The longest that was open at the end counts as the slowest only.
	slowest time.Duration
}

func (f *figures) perSecond() float64 { return float64(len(f.latencies)) / f.elapsed.Seconds() }

// quantileMs is 0 when nothing was answered.
func (f *figures) quantileMs(percent int) float64 {
	if len(f.latencies) == 0 {
		return 0
	}
	return ms(f.latencies[len(f.latencies)*percent/100])
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// askers are the connections of a window, before it begins.
type askers struct {
	window
	begin           chan struct{}
	measuring, stop atomic.Bool
	left            atomic.Int64
	workers         sync.WaitGroup
	tallies         []figures
}

// dial connects, and returns when all have tried.
func (w window) dial() *askers {
	a := &askers{window: w, begin: make(chan struct{}), tallies: make([]figures, w.connections)}
	a.left.Store(w.count)
	var ready sync.WaitGroup
	ready.Add(w.connections)
	for i := range a.tallies {
		a.workers.Add(1)
		go func() {
			defer a.workers.Done()
			one, err := a.asking.asker(i, a.question)
			ready.Done()
			a.work(i, one, err)
		}()
	}
	ready.Wait()
	return a
}

// measure asks until the time is over. It calls mark when it begins to count, and when it has ended.
func (a *askers) measure(mark func()) figures {
	var started time.Time
	if a.count > 0 {
		mark()
		started = time.Now()
		a.measuring.Store(true)
		close(a.begin)
		a.workers.Wait()
	} else {
		close(a.begin)
		time.Sleep(a.warmUp)
		mark()
		started = time.Now()
		a.measuring.Store(true)
		time.Sleep(a.duration)
	}
	sum := figures{elapsed: time.Since(started)}
	mark()
	a.stop.Store(true)
	finished := make(chan struct{})
	go func() { a.workers.Wait(); close(finished) }()
	select {
	case <-finished:
	case <-time.After(lastAnswers):
	}
	for _, one := range a.tallies {
		sum.latencies = append(sum.latencies, one.latencies...)
		sum.bytes += one.bytes
		sum.errors += one.errors
		sum.slowest = max(sum.slowest, one.slowest)
		if one.err != nil {
			sum.err = one.err
		}
	}
	slices.Sort(sum.latencies)
	if n := len(sum.latencies); n > 0 {
		sum.slowest = max(sum.slowest, sum.latencies[n-1])
	}
	return sum
}

func (a *askers) work(i int, one asker, err error) {
	own := &a.tallies[i]
	failed := func(err error) { own.err, own.errors = err, own.errors+1 }
	// So many questions are asked on one connection; for so long, on as many as it takes.
	again := func() bool {
		for a.count == 0 && !a.stop.Load() {
			time.Sleep(afterError)
			next, err := a.asking.asker(i, a.question)
			if err == nil {
				one = next
				return true
			}
			failed(err)
		}
		return false
	}
	deadline := time.Now().Add(a.duration + a.warmUp)
	<-a.begin
	if err != nil {
		if failed(err); !again() {
			return
		}
	}
	defer func() { one.close() }()
	for !a.stop.Load() {
		if a.count > 0 && a.left.Add(-1) < 0 {
			return
		}
		started := time.Now()
		if a.count == 0 {
			deadline = started.Add(giveUp)
		}
		got, err := one.ask(deadline)
		if a.stop.Load() && a.count == 0 {
			own.slowest = time.Since(started)
			return
		}
		if a.count > 1 && errors.Is(err, os.ErrDeadlineExceeded) {
			// So long, or so many.
			return
		}
		if err != nil {
			failed(err)
			one.close()
			if !again() {
				return
			}
			continue
		}
		// What began before counts as what will have begun at the end does not.
		if a.measuring.Load() {
			own.latencies = append(own.latencies, time.Since(started))
			own.bytes += got + a.question.upload
		}
	}
}
