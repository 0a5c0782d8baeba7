package claudemesh

import "github.com/claudemesh/claudemesh/sdk/go/internal/base64url"

// Bytes are the bytes of a message's body. In JSON they stand in base64url without padding.
type Bytes []byte

// MarshalText writes base64url.
func (b Bytes) MarshalText() ([]byte, error) { return base64url.Encode(b), nil }

// UnmarshalText reads base64url; bytes that are not written that way are invalid_field.
func (b *Bytes) UnmarshalText(text []byte) error {
	content, ok := base64url.Decode(text)
	if !ok {
		return newError(ErrInvalidField, "a body must be base64url without padding", "")
	}
	*b = content
	return nil
}
