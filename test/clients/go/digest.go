package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sort"
)

// digest is one hash over everything of all objects, in the order of their names.
func digest[T any](objects []T, name func(T) string) (string, error) {
	sort.Slice(objects, func(i, j int) bool { return name(objects[i]) < name(objects[j]) })
	hash := sha256.New()
	encoder := json.NewEncoder(hash)
	for _, object := range objects {
		if err := encoder.Encode(object); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", hash.Sum(nil)), nil
}

// pattern is that many bytes, the same ones every time, without a short period.
func pattern(size int, seed uint64) []byte {
	bytes := make([]byte, size)
	state := seed*2862933555777941757 + 3037000493
	for i := range bytes {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		bytes[i] = byte(state)
	}
	return bytes
}

func sum(bytes []byte) string {
	return fmt.Sprintf("%d bytes, SHA-256 %x", len(bytes), sha256.Sum256(bytes))
}
