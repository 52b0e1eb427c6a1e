package main

import (
	"io"
	"sync/atomic"
)

// endless is what they ask for.
var endless = question{"GET", "/api/v1/bytes?n=1000000000000", 0, -1}

// beside is what goes on at the same time: readers that stand still, and downloads.
type beside struct {
	count int
	// Those that have an answer: without one they are no load.
	answered atomic.Int64
	// Downloads that ended by themselves.
	ended atomic.Int64
	// Of the downloads.
	bytes   atomic.Int64
	stopped chan struct{}
}

// startBeside returns before they have an answer.
func startBeside(asking clients, stalled, bulk int) *beside {
	b := &beside{count: stalled + bulk, stopped: make(chan struct{})}
	for i := range stalled {
		go b.standStill(asking, i)
	}
	for i := range bulk {
		go b.download(asking, i)
	}
	return b
}

func (b *beside) stop() { close(b.stopped) }

// missing is how many are no load now.
func (b *beside) missing() int64 { return int64(b.count) - b.answered.Load() + b.ended.Load() }

func (b *beside) standStill(asking clients, i int) {
	answer, err := asking.open(i, endless)
	if err != nil {
		return
	}
	defer func() { _ = answer.Close() }()
	// It reads a little and then no more.
	if _, err = io.CopyN(io.Discard, answer, 4096); err == nil {
		b.answered.Add(1)
	}
	<-b.stopped
}

func (b *beside) download(asking clients, i int) {
	answer, err := asking.open(i, endless)
	if err != nil {
		return
	}
	defer func() { _ = answer.Close() }()
	b.answered.Add(1)
	buffer := make([]byte, 64*1024)
	for {
		select {
		case <-b.stopped:
			return
		default:
		}
		n, err := answer.Read(buffer)
		b.bytes.Add(int64(n))
		if err != nil {
			b.ended.Add(1)
			return
		}
	}
}
