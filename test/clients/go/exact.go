package main

import (
	"fmt"
	"math"
	"sort"
	"strconv"
)

// A change of the store, in the order of all changes.
type storeChange struct {
	// ADDED, MODIFIED or DELETED
	kind    string
	name    string
	version uint64
}

// A deletion that no watch told the version of: after one version, before another.
type deletion struct {
	name          string
	after, before uint64
}

// The store's history: what it held at one version, and every change after it.
type storeHistory struct {
	base    uint64
	held    map[string]uint64
	changes []storeChange
	// Deletions whose place among the changes is not known exactly.
	loose []deletion
}

// What reading shows of the store's history, and in which ways it does not.
type exactness struct {
	// Lists and beginnings of watches with initial events that came whole, each compared with the store at its version.
	States int `json:"states"`
	// Watches that went on from a version, each compared with the history after it.
	Segments int `json:"segments"`
	// Events and bookmarks in those.
	Events    int      `json:"events"`
	Bookmarks int      `json:"bookmarks"`
	Faults    []string `json:"faults"`
}

var eventOf = map[string]string{"add": "ADDED", "update": "MODIFIED", "delete": "DELETED"}

// historyOf puts the changes of all objects into one order. Who deletes is not told the version of that, but every watch that saw it is.
func historyOf(base uint64, held map[string]uint64, truth *truth, all []*reads) (*storeHistory, []string) {
	deleted, faults := deletionsSeen(all)
	h := &storeHistory{base: base, held: held}
	for name, changes := range truth.byName {
		at := held[name]
		for _, change := range changes {
			if change.kind != "delete" {
				at = number(change.version)
				h.changes = append(h.changes, storeChange{eventOf[change.kind], name, at})
				continue
			}
			between := deletion{name, max(at, number(change.after)), number(change.before)}
			seen, isKnown := deleted[name]
			switch {
			case !isKnown:
				h.loose = append(h.loose, between)
			case seen <= between.after || seen >= between.before:
				faults = append(faults, fmt.Sprintf("%s: deleted at %d, which is not between %d and %d", name, seen, between.after, between.before))
			default:
				h.changes = append(h.changes, storeChange{"DELETED", name, seen})
			}
		}
	}
	sort.Slice(h.changes, func(i, j int) bool { return h.changes[i].version < h.changes[j].version })
	return h, faults
}

// deletionsSeen are the versions of deletions, on which all watches must agree. A name is given once.
func deletionsSeen(all []*reads) (map[string]uint64, []string) {
	deleted := map[string]uint64{}
	var faults []string
	for _, reads := range all {
		for _, one := range reads.all {
			if !one.watch {
				continue
			}
			events, err := one.events()
			if err != nil {
				faults = append(faults, err.Error())
			}
			for _, event := range events {
				if event.Type != "DELETED" {
					continue
				}
				name, version := event.Object.Metadata.Name, number(event.Object.Metadata.ResourceVersion)
				if before, isKnown := deleted[name]; isKnown && before != version {
					faults = append(faults, fmt.Sprintf("%s: deleted at %d and at %d", name, before, version))
				}
				deleted[name] = version
			}
		}
	}
	return deleted, faults
}

// number is a resourceVersion; those of both stores are numbers. None is the highest: later than all.
func number(version string) uint64 {
	value, err := strconv.ParseUint(version, 10, 64)
	if err != nil {
		return math.MaxUint64
	}
	return value
}

// at is what the store held at a version.
func (h *storeHistory) at(version uint64) map[string]uint64 {
	state := map[string]uint64{}
	for name, held := range h.held {
		state[name] = held
	}
	for _, change := range h.changes {
		if change.version > version {
			break
		}
		if change.kind == "DELETED" {
			delete(state, change.name)
		} else {
			state[change.name] = change.version
		}
	}
	return state
}

// check compares all that was read with the history.
func (h *storeHistory) check(reads *reads) exactness {
	c := &checking{history: h, result: exactness{Faults: []string{}}}
	var pages []objectRead
	for _, one := range reads.all {
		switch {
		case isTrue(one.query.Get("sendInitialEvents")):
			c.initialEvents(one)
		case one.watch:
			events, _ := one.events()
			c.segment(number(one.query.Get("resourceVersion")), events)
		default:
			list := one.list()
			if list == nil {
				continue
			}
			if one.query.Get("continue") == "" {
				pages = nil
			}
			pages = append(pages, list.Items...)
			if list.Metadata.Continue == "" {
				c.list(list.Metadata.ResourceVersion, pages)
			}
		}
	}
	return c.result
}

// Told of one informer: what is wrong once is often wrong for all that comes after it.
const maxFaults = 10

type checking struct {
	history *storeHistory
	result  exactness
	// The version up to which the client knows everything; 0 before its first list.
	known uint64
}

func (c *checking) fault(format string, values ...any) {
	if len(c.result.Faults) == maxFaults {
		return
	}
	c.result.Faults = append(c.result.Faults, fmt.Sprintf(format, values...))
}

func (c *checking) list(version string, items []objectRead) {
	state := map[string]uint64{}
	for _, item := range items {
		name := item.Metadata.Name
		if _, isThere := state[name]; isThere {
			c.fault("the list at %s has %s twice", version, name)
		}
		state[name] = number(item.Metadata.ResourceVersion)
	}
	c.state("the list", number(version), state)
}

// initialEvents is what a watch with initial events gives: after them what a list would have given, then the history.
func (c *checking) initialEvents(one *read) {
	events, _ := one.events()
	state := map[string]uint64{}
	for at, event := range events {
		metadata := event.Object.Metadata
		version := number(metadata.ResourceVersion)
		switch event.Type {
		case "ADDED", "MODIFIED":
			_, isThere := state[metadata.Name]
			if isThere != (event.Type == "MODIFIED") {
				c.fault("an initial event %s of %s, which is there: %t", event.Type, metadata.Name, isThere)
			}
			state[metadata.Name] = version
		case "DELETED":
			delete(state, metadata.Name)
		case "BOOKMARK":
			if metadata.Annotations["k8s.io/initial-events-end"] == "true" {
				c.state("the initial events", version, state)
				c.segment(version, events[at+1:])
				return
			}
		}
	}
}

// state compares what a client has after reading everything with what the store held at that version.
func (c *checking) state(what string, version uint64, state map[string]uint64) {
	c.result.States++
	if version < c.known {
		c.fault("%s at %d, when %d was known", what, version, c.known)
	}
	c.known = version
	if version < c.history.base {
		c.fault("%s at %d, before anything is known of the store (%d)", what, version, c.history.base)
		return
	}
	held := c.history.at(version)
	for _, gone := range c.history.loose {
		switch {
		case version >= gone.before:
			delete(held, gone.name)
		case version > gone.after:
			// There or not.
			delete(held, gone.name)
			delete(state, gone.name)
		}
	}
	for name, there := range held {
		if state[name] != there {
			c.fault("%s at %d has %s at %d, the store had it at %d", what, version, name, state[name], there)
		}
		delete(state, name)
	}
	for name := range state {
		c.fault("%s at %d has %s, the store had not", what, version, name)
	}
}

// segment compares what a watch told after a version with the history after it: the very next changes, each once, in order.
func (c *checking) segment(from uint64, events []eventRead) {
	c.result.Segments++
	if from != c.known {
		c.fault("a watch from %d, when %d was known", from, c.known)
	}
	changes := c.history.changes
	next := sort.Search(len(changes), func(i int) bool { return changes[i].version > from })
	for _, event := range events {
		metadata := event.Object.Metadata
		version := number(metadata.ResourceVersion)
		switch event.Type {
		case "ERROR":
			continue
		case "BOOKMARK":
			c.result.Bookmarks++
			if version < c.known {
				c.fault("a bookmark at %d after %d", version, c.known)
			}
			if next < len(changes) && changes[next].version <= version {
				c.fault("a bookmark at %d without %v", version, changes[next])
			}
		default:
			c.result.Events++
			told := storeChange{event.Type, metadata.Name, version}
			if next == len(changes) || changes[next] != told {
				c.fault("a watch from %d told %v in the place of %v", from, told, changes[next:min(next+1, len(changes))])
				c.known = number(events[len(events)-1].Object.Metadata.ResourceVersion)
				return
			}
			next++
		}
		c.known = version
	}
	for _, gone := range c.history.loose {
		if from <= gone.after && c.known >= gone.before {
			c.fault("a watch from %d to %d did not tell that %s was deleted", from, c.known, gone.name)
		}
	}
}
