// Command load measures an HTTPS path: `load run` asks in a closed loop and checks every byte, `load upstream` answers, `load certs` makes
// the certificates of all parts, `load relay` and `load link` are long or slow lines, `load fleet` is thousands of agents.
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{"run": run, "upstream": upstream, "certs": certs, "relay": relay, "link": link, "fleet": fleet}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: load run|upstream|certs|relay|link|fleet [flags]")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}
