package main

import "bytes"

// A prime length: no buffer size divides it, so that a piece that is lost, doubled or moved does not compare equal.
const patternBytes = 65521

var pattern = func() []byte {
	// Twice, so that every offset has a whole period behind it.
	made := make([]byte, 2*patternBytes)
	state := uint32(2463534242)
	for i := range patternBytes {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		made[i], made[i+patternBytes] = byte(state), byte(state)
	}
	return made
}()

// patternAt is up to n bytes of the body that every answer and upload here has, from an offset on.
func patternAt(offset int64, n int) []byte {
	start := int(offset % patternBytes)
	return pattern[start : start+min(n, patternBytes)]
}

func matches(offset int64, chunk []byte) bool {
	for len(chunk) > 0 {
		want := patternAt(offset, len(chunk))
		if !bytes.Equal(want, chunk[:len(want)]) {
			return false
		}
		offset += int64(len(want))
		chunk = chunk[len(want):]
	}
	return true
}
