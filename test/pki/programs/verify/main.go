// Verifies leaves as Go programs do: main CA.crt client|server LEAF.crt [NAME], one exit status.
package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func main() {
	roots := x509.NewCertPool()
	ca, err := os.ReadFile(os.Args[1])
	if err != nil || !roots.AppendCertsFromPEM(ca) {
		fail(fmt.Errorf("no CA in %s: %v", os.Args[1], err))
	}
	usage := x509.ExtKeyUsageServerAuth
	if os.Args[2] == "client" {
		usage = x509.ExtKeyUsageClientAuth
	}
	text, err := os.ReadFile(os.Args[3])
	if err != nil {
		fail(err)
	}
	block, _ := pem.Decode(text)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		fail(err)
	}
	for _, name := range append([]string{""}, os.Args[4:]...) {
		options := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{usage}, DNSName: name}
		if _, err := leaf.Verify(options); err != nil {
			fail(fmt.Errorf("%q: %w", name, err))
		}
	}
	for _, uri := range leaf.URIs {
		fmt.Printf("%s %v\n", uri, leaf.Subject.Organization)
	}
}
