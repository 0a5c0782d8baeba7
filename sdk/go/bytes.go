package claudemesh

import "encoding/base64"

// Bytes are the bytes of a message's body. In JSON they stand in base64url without padding.
type Bytes []byte

// MarshalText writes base64url.
func (b Bytes) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText reads base64url; bytes that are not written that way are invalid_field.
func (b *Bytes) UnmarshalText(text []byte) error {
	decoded, err := base64.RawURLEncoding.Strict().AppendDecode(Bytes{}, text)
	if err != nil {
		return newError(ErrInvalidField, "a body must be base64url without padding", "").causedBy(err)
	}
	*b = decoded
	return nil
}
