package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"
)

const servingCertificateLife = 30 * 24 * time.Hour

// servingCertificate is made here, because only here the node's address is known.
func servingCertificate(o options, network *network) (tls.Certificate, error) {
	authority, err := tls.LoadX509KeyPair(o.kubeletCA, o.kubeletCAKey)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("loading the kubelet authority: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: []string{"system:nodes"}, CommonName: "system:node:" + o.name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(servingCertificateLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses:  []net.IP{network.nodeIP.AsSlice()},
		DNSNames:     []string{o.name},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, authority.Leaf, key.Public(), authority.PrivateKey)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("signing the serving certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
