package fingerprint

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// version1 is sha256-jcs-v1: texts joined by one zero byte. It does not cover mesh, mentions and content type.
func version1(parts Parts) []byte {
	bodyHex := hex.EncodeToString(parts.BodyHash[:])
	fields := []string{"1", parts.Kind, parts.Ref, parts.ReplyTo, parts.Priority, parts.Meta, bodyHex}
	hash := sha256.Sum256([]byte(strings.Join(fields, "\x00")))
	return hash[:]
}
