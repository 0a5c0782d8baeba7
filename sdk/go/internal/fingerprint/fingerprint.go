// Package fingerprint computes request fingerprints: by which a daemon and a broker tell whether an id that they know
// stands for the same message again.
package fingerprint

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/claudemesh/claudemesh/sdk/go/internal/strictjson"
)

// What a field has that is left out.
const (
	DefaultPriority    = "next"
	DefaultContentType = "text/plain; charset=utf-8"
)

// Parts is what a fingerprint covers. All of it is given: the defaults too.
type Parts struct {
	MeshID   string
	Kind     string
	Ref      string
	ReplyTo  string
	Priority string
	// Meta is in canonical form; "" for none.
	Meta string
	// Mentions are in any order.
	Mentions    []string
	ContentType string
	BodyHash    [sha256.Size]byte
}

// versions has one line a version, which is the file of that name.
var versions = map[int]func(Parts) []byte{
	1: version1,
	2: version2,
}

// ControlCharacter is the code of what no field may have.
const ControlCharacter = "control_character"

// Of is the fingerprint in 64 hex characters. What is refused is told as *strictjson.Error.
func Of(version int, parts Parts) (string, error) {
	compute, known := versions[version]
	if !known {
		return "", invalid(fmt.Sprintf("fingerprint version %d is unknown", version))
	}
	if err := CheckChoices(parts); err != nil {
		return "", err
	}
	texts := append([]string{parts.MeshID, parts.Ref, parts.ReplyTo, parts.ContentType}, parts.Mentions...)
	for _, text := range texts {
		if err := checkField(text); err != nil {
			return "", err
		}
	}
	parts.Mentions = slices.Clone(parts.Mentions)
	slices.SortFunc(parts.Mentions, strictjson.CompareUTF16)
	parts.Mentions = slices.Compact(parts.Mentions)
	return hex.EncodeToString(compute(parts)), nil
}

// CheckChoices refuses a kind and a priority that there are not.
func CheckChoices(parts Parts) error {
	if !slices.Contains([]string{"topic", "dm", "queue", "request"}, parts.Kind) {
		return invalid("kind must be topic, dm, queue or request")
	}
	if !slices.Contains([]string{"now", "next", "low"}, parts.Priority) {
		return invalid("priority must be now, next or low")
	}
	return nil
}

func invalid(message string) error {
	return &strictjson.Error{Code: strictjson.InvalidField, Message: message}
}

// checkField refuses U+0000–U+001F: fields that are joined or compared by bytes must stay apart.
func checkField(text string) error {
	if err := strictjson.CheckText(text); err != nil {
		return err
	}
	if strings.ContainsFunc(text, func(letter rune) bool { return letter < 0x20 }) {
		return &strictjson.Error{Code: ControlCharacter, Message: "a field has a control character (U+0000–U+001F)"}
	}
	return nil
}
