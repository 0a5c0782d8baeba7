package main

import (
	"encoding/json"

	"github.com/claudemesh/claudemesh/sdk/go/internal/base64url"
	"github.com/claudemesh/claudemesh/sdk/go/internal/strictjson"
)

// fields are members of a request as they are written.
type fields map[string]json.RawMessage

// optional is a text that may be absent.
type optional struct {
	value string
	given bool
}

func (o optional) or(otherwise string) string {
	if o.given {
		return o.value
	}
	return otherwise
}

// absent: not there, or null, which is the same.
func (f fields) absent(name string) bool {
	return len(f[name]) == 0 || string(f[name]) == "null"
}

// text is a member that is a text. Lone surrogates stay, encoded like other characters: they are what is to be refused.
func (f fields) text(name string) (optional, error) {
	if f.absent(name) {
		return optional{}, nil
	}
	value, err := strictjson.DecodeString(f[name])
	if err != nil {
		return optional{}, refuse(invalidField)
	}
	return optional{value, true}, nil
}

func (f fields) texts(name string) ([]string, error) {
	if f.absent(name) {
		return nil, nil
	}
	var written []json.RawMessage
	if json.Unmarshal(f[name], &written) != nil {
		return nil, refuse(invalidField)
	}
	texts := []string{}
	for _, token := range written {
		text, err := strictjson.DecodeString(token)
		if err != nil {
			return nil, refuse(invalidField)
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// bytes is a member that is bytes in base64url; nil when it is absent.
func (f fields) bytes(name string) ([]byte, error) {
	text, err := f.text(name)
	if err != nil || !text.given {
		return nil, err
	}
	content, ok := base64url.Decode([]byte(text.value))
	if !ok {
		return nil, refuse(invalidField)
	}
	return content, nil
}

func refuse(code string) error { return &strictjson.Error{Code: code} }
