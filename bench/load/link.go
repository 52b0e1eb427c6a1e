package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	linkDevice = "wan0"
	// struct virtio_net_hdr, which stands before each packet: passed through, so that long segments cross in one piece.
	packetHeadBytes = 10
	maxPacketBytes  = packetHeadBytes + 65_535
	// On their way in one direction.
	linkPackets = 1 << 16
	// What a slow line's buffer holds before it drops.
	slowQueueTime = 100 * time.Millisecond
)

// link joins two network namespaces by a TUN device in each, `wan0`, with a delay in each direction and at most so many bits per second. TCP runs over it, with
// its own windows and its own view of the round trip.
func link(args []string) error {
	flags := flag.NewFlagSet("link", flag.ExitOnError)
	near := flags.String("near", "", "namespace")
	far := flags.String("far", "", "namespace")
	delay := flags.Duration("delay", 25*time.Millisecond, "each way")
	megabits := flags.Float64("mbit", 0, "megabits per second each way; 0: no limit")
	_ = flags.Parse(args)

	// At a slow line's end a segment of 64 KiB would be a burst that no real one has.
	offload := *megabits == 0
	nearDevice, err := openTun(*near, offload)
	if err != nil {
		return fmt.Errorf("%s: %w", *near, err)
	}
	farDevice, err := openTun(*far, offload)
	if err != nil {
		return fmt.Errorf("%s: %w", *far, err)
	}
	fmt.Println("linked")
	go carryPackets(nearDevice, farDevice, *delay, *megabits)
	carryPackets(farDevice, nearDevice, *delay, *megabits)
	return nil
}

func openTun(namespace string, offload bool) (*os.File, error) {
	type opened struct {
		file *os.File
		err  error
	}
	result := make(chan opened)
	go func() {
		// Never unlocked: the thread has left for the namespace, and ends with this goroutine.
		runtime.LockOSThread()
		file, err := openTunIn(namespace, offload)
		result <- opened{file, err}
	}()
	one := <-result
	return one.file, one.err
}

func openTunIn(namespace string, offload bool) (*os.File, error) {
	place, err := os.Open(filepath.Join("/var/run/netns", namespace))
	if err != nil {
		return nil, err
	}
	defer place.Close()
	if err := unix.Setns(int(place.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	tun, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	request, err := unix.NewIfreq(linkDevice)
	if err != nil {
		return nil, err
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	if err := unix.IoctlIfreq(tun, unix.TUNSETIFF, request); err != nil {
		return nil, err
	}
	if offload {
		err := unix.IoctlSetInt(tun, unix.TUNSETOFFLOAD, unix.TUN_F_CSUM|unix.TUN_F_TSO4)
		if err != nil {
			return nil, err
		}
	}
	return os.NewFile(uintptr(tun), linkDevice), nil
}

func carryPackets(from, to *os.File, delay time.Duration, megabits float64) {
	way := make(chan parcel, linkPackets)
	go func() {
		defer close(way)
		buffer := make([]byte, maxPacketBytes)
		line := pace{megabits: megabits}
		for {
			n, err := from.Read(buffer)
			if err != nil {
				log.Print(err)
				return
			}
			now := time.Now()
			if line.free.Sub(now) > slowQueueTime {
				continue
			}
			leaves := line.sent(now, n-packetHeadBytes)
			way <- parcel{append([]byte(nil), buffer[:n]...), leaves.Add(delay)}
		}
	}()
	for one := range way {
		time.Sleep(time.Until(one.due))
		if _, err := to.Write(one.bytes); err != nil {
			log.Print(err)
		}
	}
}
