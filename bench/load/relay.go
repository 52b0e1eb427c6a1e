package main

import (
	"flag"
	"fmt"
	"net"
	"time"
)

const (
	relayChunkBytes = 16 * 1024
	// On their way in one direction: enough for 50 ms at a gigabyte per second. Behind it the sender's TCP waits.
	relayChunks = 4096
)

// relay joins connections to another address with a delay in each direction, and with at most so many bits per second: what is sent faster queues, as in
// the buffer of a slow line. TCP ends at the relay: it shows what windows of the application allow, not those of TCP.
func relay(args []string) error {
	flags := flag.NewFlagSet("relay", flag.ExitOnError)
	listen := flags.String("listen", "127.0.0.1:0", "address")
	to := flags.String("to", "", "address")
	delay := flags.Duration("delay", 25*time.Millisecond, "each way")
	megabits := flags.Float64("mbit", 0, "megabits per second each way; 0: no limit")
	_ = flags.Parse(args)

	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	for {
		near, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			far, err := net.Dial("tcp", *to)
			if err != nil {
				_ = near.Close()
				return
			}
			go carry(near, far, *delay, *megabits)
			carry(far, near, *delay, *megabits)
		}()
	}
}

type parcel struct {
	bytes []byte
	due   time.Time
}

// pace is a line's end that sends at most so many megabits per second; 0: without a limit.
type pace struct {
	megabits float64
	free     time.Time // when it has sent all that it was given
}

// sent tells when bytes that it is given at some time have left.
func (p *pace) sent(given time.Time, bytes int) time.Time {
	if p.megabits <= 0 {
		return given
	}
	if given.Before(p.free) {
		given = p.free
	}
	p.free = given.Add(time.Duration(float64(bytes) * 8 / p.megabits * float64(time.Microsecond)))
	return p.free
}

// carry ends both connections with either.
func carry(from, to net.Conn, delay time.Duration, megabits float64) {
	way := make(chan parcel, relayChunks)
	go func() {
		defer close(way)
		for {
			bytes := make([]byte, relayChunkBytes)
			n, err := from.Read(bytes)
			if n > 0 {
				way <- parcel{bytes[:n], time.Now().Add(delay)}
			}
			if err != nil {
				return
			}
		}
	}()
	defer from.Close()
	defer to.Close()
	line := pace{megabits: megabits}
	for one := range way {
		due := line.sent(one.due.Add(-delay), len(one.bytes)).Add(delay)
		time.Sleep(time.Until(due))
		if _, err := to.Write(one.bytes); err != nil {
			break
		}
	}
	// Whoever reads may wait to hand over.
	go func() {
		for range way {
		}
	}()
}
