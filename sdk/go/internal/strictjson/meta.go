package strictjson

import "fmt"

// BytesMax is how large meta may be in canonical form, in bytes of UTF-8.
const BytesMax = 8_192

// Codes of what is JSON and no meta.
const (
	MetaTooLarge = "meta_too_large"
	InvalidField = "invalid_field"
)

// Canonical is the canonical form of a value that [Parse] gave, unless that is larger than any meta may be.
func Canonical(value Value) (string, error) {
	text := AppendCanonical(nil, value)
	if len(text) > BytesMax {
		return "", &Error{
			Code:    MetaTooLarge,
			Message: fmt.Sprintf("meta has %d bytes, at most %d", len(text), BytesMax),
			Hint:    "put large content into the body, or send a file",
		}
	}
	return string(text), nil
}

// CanonicalMeta is [Canonical] of an object or null; "" for null and for an object without members.
func CanonicalMeta(value Value) (string, error) {
	switch value := value.(type) {
	case nil:
		return "", nil
	case Object:
		if len(value) == 0 {
			return "", nil
		}
		return Canonical(value)
	default:
		return "", &Error{Code: InvalidField, Message: "meta must be an object or null"}
	}
}
