// Package base64url is how bytes travel in JSON: base64url without padding.
package base64url

import (
	"bytes"
	"encoding/base64"
)

// Encode writes bytes.
func Encode(content []byte) []byte { return base64.RawURLEncoding.AppendEncode(nil, content) }

// Decode reads bytes that are written in their one spelling; false for anything else.
func Decode(text []byte) (content []byte, ok bool) {
	// The decoder passes over line breaks and unused bits: only what comes back as it was is that spelling.
	content, err := base64.RawURLEncoding.AppendDecode([]byte{}, text)
	return content, err == nil && bytes.Equal(Encode(content), text)
}
