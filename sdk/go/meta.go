package claudemesh

import (
	"encoding/json"
	"errors"
	"math"

	"github.com/claudemesh/claudemesh/sdk/go/internal/strictjson"
)

// CanonicalMeta is the text (RFC 8785) of a message's meta: what is sent, and what fingerprints cover; "" for none, which
// is nil, null and {}. Meta is what encoding/json makes an object of, such as a map or a struct, or raw JSON as a
// [json.RawMessage]. Refused is what JSON could not carry unchanged to every reader: integers beyond ±(2^53−1), NaN and
// infinities, texts that are not UTF-8, duplicate keys in raw JSON, depth beyond 16, more than 8,192 bytes.
func CanonicalMeta(meta any) (string, error) {
	text, err := jsonOf(meta)
	if err != nil {
		return "", err
	}
	value, err := strictjson.Parse(text)
	if err != nil {
		return "", fromProfile(err)
	}
	canonical, err := strictjson.CanonicalMeta(value)
	return canonical, fromProfile(err)
}

// CanonicalJSON is the canonical text (RFC 8785) of any JSON, also of arrays and scalars, with the refusals of
// [CanonicalMeta].
func CanonicalJSON(text []byte) (string, error) {
	value, err := strictjson.Parse(text)
	if err != nil {
		return "", fromProfile(err)
	}
	canonical, err := strictjson.Canonical(value)
	return canonical, fromProfile(err)
}

// jsonOf is the value as JSON that the strict reader is then to judge.
func jsonOf(meta any) ([]byte, error) {
	if raw, written := meta.(json.RawMessage); written && raw != nil {
		return raw, nil
	}
	// encoding/json puts U+FFFD in the place of what is not UTF-8, and unfolds what is shared without a bound.
	if err := checkTexts(meta, strictjson.BytesMax); err != nil {
		return nil, err
	}
	text, err := json.Marshal(meta)
	if err == nil {
		return text, nil
	}
	var value *json.UnsupportedValueError
	if errors.As(err, &value) && value.Value.CanFloat() && !isFinite(value.Value.Float()) {
		return nil, newError(ErrNumberOutOfRange, "meta: number is not finite", "").causedBy(err)
	}
	return nil, newError(ErrInvalidField, "meta cannot be written as JSON", "give a map, a struct or a json.RawMessage").causedBy(err)
}

func isFinite(number float64) bool { return !math.IsNaN(number) && !math.IsInf(number, 0) }
