package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	kubeletPort = 10250
	// Of 198.18.0.0/15, which RFC 2544 reserves for tests of networks and which is therefore routed nowhere else.
	candidateRanges = 512
)

// network is where the node and its pods can be reached. The API server refuses to proxy to loopback addresses, so they
// are outside 127/8: a range of their own that the kernel answers on lo, or this machine's own address.
type network struct {
	nodeIP      netip.Addr
	listener    net.Listener
	description string
	route       *netlink.Route

	mu    sync.Mutex
	free  []netip.Addr
	close func()
}

func openNetwork() (*network, error) {
	n, err := openRange()
	if errors.Is(err, unix.EPERM) {
		return openMachineAddress()
	}
	return n, err
}

// openRange routes a /24 on lo, which needs CAP_NET_ADMIN. The first address is the node's; who listens there owns the
// range, so that two nodes never share one and a range whose node was killed is taken over.
func openRange() (*network, error) {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return nil, fmt.Errorf("looking for the loopback interface: %w", err)
	}
	candidates, err := abandonedRanges(lo)
	if err != nil {
		return nil, err
	}
	for _, index := range append(candidates, rand.Perm(candidateRanges)...) {
		base := [4]byte{198, byte(18 + index/256), byte(index % 256), 0}
		prefix := netip.PrefixFrom(netip.AddrFrom4(base), 24)
		route := &netlink.Route{
			LinkIndex: lo.Attrs().Index,
			Dst:       &net.IPNet{IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(24, 32)},
			Type:      unix.RTN_LOCAL,
			Table:     unix.RT_TABLE_LOCAL,
			Scope:     netlink.SCOPE_HOST,
		}
		if err := netlink.RouteAdd(route); err != nil && !errors.Is(err, unix.EEXIST) {
			return nil, fmt.Errorf("routing %s on lo: %w", prefix, err)
		}
		nodeIP := prefix.Addr().Next()
		listener, err := net.Listen("tcp", net.JoinHostPort(nodeIP.String(), strconv.Itoa(kubeletPort)))
		if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EADDRNOTAVAIL) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listening on %s: %w", nodeIP, err)
		}
		n := &network{nodeIP: nodeIP, listener: listener, route: route, description: prefix.String()}
		for address := nodeIP.Next(); prefix.Contains(address.Next()); address = address.Next() {
			n.free = append(n.free, address)
		}
		n.close = func() {
			// The route first: while we listen nobody else takes the range over.
			_ = netlink.RouteDel(route)
			listener.Close()
		}
		return n, nil
	}
	return nil, errors.New("every range of 198.18.0.0/15 has a node")
}

// abandonedRanges are those that have a route already: of a node that lives, or of one that was killed and left it
// behind. They are tried first, so that routes do not pile up.
func abandonedRanges(lo netlink.Link) ([]int, error) {
	filter := &netlink.Route{Table: unix.RT_TABLE_LOCAL, LinkIndex: lo.Attrs().Index}
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_V4, filter, netlink.RT_FILTER_TABLE|netlink.RT_FILTER_OIF)
	if err != nil {
		return nil, fmt.Errorf("listing the routes on lo: %w", err)
	}
	var indices []int
	for _, route := range routes {
		if route.Dst == nil {
			continue
		}
		ip := route.Dst.IP.To4()
		if bits, _ := route.Dst.Mask.Size(); bits == 24 && ip != nil && ip[0] == 198 && (ip[1] == 18 || ip[1] == 19) {
			indices = append(indices, (int(ip[1])-18)*256+int(ip[2]))
		}
	}
	return indices, nil
}

// openMachineAddress uses an address that this machine has anyway; all pods then share it, like pods on the host's network.
func openMachineAddress() (*network, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("listing this machine's addresses: %w", err)
	}
	for _, address := range addresses {
		prefix, err := netip.ParsePrefix(address.String())
		if err != nil || !prefix.Addr().Is4() || !prefix.Addr().IsGlobalUnicast() {
			continue
		}
		listener, err := net.Listen("tcp", net.JoinHostPort(prefix.Addr().String(), "0"))
		if err != nil {
			return nil, fmt.Errorf("listening on %s: %w", prefix.Addr(), err)
		}
		description := fmt.Sprintf("%s, this machine's own address (no right to route a range on lo)", prefix.Addr())
		n := &network{nodeIP: prefix.Addr(), listener: listener, description: description}
		n.close = func() { listener.Close() }
		return n, nil
	}
	return nil, errors.New("a node needs an IPv4 address outside 127/8: give it the right to route one on lo " +
		"(CAP_NET_ADMIN, for example as root), or a network interface with an address")
}

// takeIP gives a pod its address.
func (n *network) takeIP(hostNetwork bool) (netip.Addr, error) {
	if hostNetwork || n.route == nil {
		return n.nodeIP, nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.free) == 0 {
		return netip.Addr{}, fmt.Errorf("no address of %s is free", n.description)
	}
	address := n.free[0]
	n.free = n.free[1:]
	return address, nil
}

// returnIP frees an address; it is used again as late as possible, because clients may still know it.
func (n *network) returnIP(address netip.Addr) {
	if address == n.nodeIP || !address.IsValid() {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.free = append(n.free, address)
}

func (n *network) port() int32 {
	return int32(n.listener.Addr().(*net.TCPAddr).Port)
}
