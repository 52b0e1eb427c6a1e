package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A tick of /proc/PID/stat: USER_HZ is 100 on every Linux that Go runs on.
const tickMs = 10

type watched struct {
	name string
	pid  string
}

// watchedProcesses reads `name=pid,name=pid`.
func watchedProcesses(list string) ([]watched, error) {
	var found []watched
	for _, item := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		name, pid, ok := strings.Cut(item, "=")
		if _, err := strconv.Atoi(pid); !ok || err != nil {
			return nil, fmt.Errorf("not name=pid: %q", item)
		}
		found = append(found, watched{name, pid})
	}
	return found, nil
}

// cpuMs is the user and system time that a process has used so far.
func (w watched) cpuMs() int64 {
	stat, err := os.ReadFile("/proc/" + w.pid + "/stat")
	if err != nil {
		return 0
	}
	// The name in parentheses may hold anything.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return (user + system) * tickMs
}

// peakKiB is the largest resident size so far, residentKiB the one of now, without the pages of files.
func (w watched) peakKiB() int64     { return w.memoryKiB("VmHWM:") }
func (w watched) residentKiB() int64 { return w.memoryKiB("RssAnon:") }

func (w watched) memoryKiB(field string) int64 {
	status, err := os.ReadFile("/proc/" + w.pid + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib
		}
	}
	return 0
}
