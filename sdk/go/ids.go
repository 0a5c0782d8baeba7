package claudemesh

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// newID is a UUIDv7 (RFC 9562 §5.7) of now in lower case.
func newID() (string, error) {
	var id [16]byte
	if _, err := rand.Read(id[6:]); err != nil {
		return "", newError(ErrInternal, "the system gives no random bytes", "").causedBy(err)
	}
	var now [8]byte
	binary.BigEndian.PutUint64(now[:], uint64(time.Now().UnixMilli()))
	copy(id[:6], now[2:])
	id[6] = 0x70 | id[6]&0x0f
	id[8] = 0x80 | id[8]&0x3f
	text := hex.EncodeToString(id[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:], nil
}
