package strictjson

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vectors is where the data is that all languages agree on; this module on its own does not have it.
const vectors = "../../../../conformance/vectors"

func readVectors(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(vectors, name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the vectors are beside this module in its repository only")
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

type canonicalCase struct {
	Name, As, Canonical, Error string
	Input                      *json.RawMessage
	InputHex                   string           `json:"input_hex"`
	InputUnits                 *json.RawMessage `json:"input_units"`
	Repeat                     []json.RawMessage
}

// text is what the case hands over, and how it is read.
func (c canonicalCase) text(t *testing.T) ([]byte, func([]byte) (Value, error)) {
	t.Helper()
	decode := func(token json.RawMessage) string {
		text, err := DecodeString(token)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	switch {
	case c.InputUnits != nil:
		return []byte(decode(*c.InputUnits)), ParseGeneralized
	case c.Repeat != nil:
		var times int
		if err := json.Unmarshal(c.Repeat[1], &times); err != nil {
			t.Fatal(err)
		}
		return []byte(strings.Repeat(decode(c.Repeat[0]), times) + strings.Repeat(decode(c.Repeat[2]), times)), Parse
	}
	text, err := hex.DecodeString(c.InputHex)
	if err != nil {
		t.Fatal(err)
	}
	return text, Parse
}

func TestEveryTextOfTheCorpusHasItsCanonicalFormOrItsCode(t *testing.T) {
	var corpus struct{ Cases []canonicalCase }
	if err := json.Unmarshal(readVectors(t, "canonical.json"), &corpus); err != nil {
		t.Fatal(err)
	}
	if len(corpus.Cases) < 300 {
		t.Fatalf("only %d cases", len(corpus.Cases))
	}
	for _, c := range corpus.Cases {
		text, parse := c.text(t)
		value, err := parse(text)
		canonical := ""
		if err == nil && c.As == "meta" {
			canonical, err = CanonicalMeta(value)
		} else if err == nil {
			canonical, err = Canonical(value)
		}
		if code := codeOf(err); canonical != c.Canonical || code != c.Error {
			t.Errorf("%s: got %.100q %s, want %.100q %s", c.Name, canonical, code, c.Canonical, c.Error)
		}
	}
}

func TestThePublishedTextsOfRFC8785HaveTheirCanonicalForm(t *testing.T) {
	for _, name := range []string{"arrays", "french", "structures", "unicode", "values", "weird"} {
		input, output := readVectors(t, "rfc8785/input/"+name+".json"), readVectors(t, "rfc8785/output/"+name+".json")
		value, err := Parse(input)
		if err != nil {
			t.Fatal(name, err)
		}
		if got := AppendCanonical(nil, value); string(got) != strings.TrimSuffix(string(output), "\n") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func codeOf(err error) string {
	var refused *Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}
