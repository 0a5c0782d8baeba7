package fingerprint

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/claudemesh/claudemesh/sdk/go/internal/strictjson"
)

// version2 is sha256-jcs-v2: a tag, then each field as an 8-byte big-endian length and its bytes.
func version2(parts Parts) []byte {
	mentions := []strictjson.Value{}
	for _, mention := range parts.Mentions {
		mentions = append(mentions, mention)
	}
	encoded := []byte("claudemesh:rf:v2")
	for _, field := range []string{
		parts.MeshID, "2", parts.Kind, parts.Ref, parts.ReplyTo, parts.Priority, parts.Meta,
		string(strictjson.AppendCanonical(nil, mentions)), parts.ContentType, string(parts.BodyHash[:]),
	} {
		encoded = binary.BigEndian.AppendUint64(encoded, uint64(len(field)))
		encoded = append(encoded, field...)
	}
	hash := sha256.Sum256(encoded)
	return hash[:]
}
