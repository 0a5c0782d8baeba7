package fingerprint_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	claudemesh "github.com/claudemesh/claudemesh/sdk/go"
	"github.com/claudemesh/claudemesh/sdk/go/internal/fingerprint"
	"github.com/claudemesh/claudemesh/sdk/go/internal/strictjson"
)

const vectors = "../../../../conformance/vectors/fingerprints.json"

type envelope struct {
	MeshID      string            `json:"mesh_id"`
	Kind        string            `json:"kind"`
	Ref         string            `json:"ref"`
	ReplyTo     string            `json:"reply_to"`
	Priority    string            `json:"priority"`
	MetaText    string            `json:"meta_text"`
	Mentions    []json.RawMessage `json:"mentions"`
	ContentType *string           `json:"content_type"`
	Body        claudemesh.Bytes  `json:"body"`
}

func TestBothVersionsAreThoseOfTheCorpusByTheSDKToo(t *testing.T) {
	text, err := os.ReadFile(vectors)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the vectors are beside this module in its repository only")
	}
	if err != nil {
		t.Fatal(err)
	}
	var corpus struct {
		Cases []struct {
			Name, V1, V2, Local string
			Envelope            envelope
		}
	}
	if err := json.Unmarshal(text, &corpus); err != nil {
		t.Fatal(err)
	}
	if len(corpus.Cases) < 100 {
		t.Fatalf("only %d cases", len(corpus.Cases))
	}
	for _, c := range corpus.Cases {
		e := c.Envelope
		if e.ContentType != nil && *e.ContentType == "" {
			// In a Go struct that is the default; the adapter has it.
			continue
		}
		written := claudemesh.Envelope{
			MeshID: e.MeshID, Kind: e.Kind, Ref: e.Ref, ReplyTo: e.ReplyTo, Priority: claudemesh.Priority(e.Priority), Body: e.Body,
		}
		if e.MetaText != "" {
			written.Meta = json.RawMessage(e.MetaText)
		}
		if e.ContentType != nil {
			written.ContentType = *e.ContentType
		}
		for _, mention := range e.Mentions {
			decoded, err := strictjson.DecodeString(mention)
			if err != nil {
				t.Fatal(err)
			}
			written.Mentions = append(written.Mentions, decoded)
		}
		for version, want := range map[int]string{1: c.V1, 2: c.V2} {
			if got, err := claudemesh.WireFingerprint(version, written); got != want || err != nil {
				t.Errorf("%s, version %d: %s %v", c.Name, version, got, err)
			}
		}
		local, err := claudemesh.LocalFingerprint(claudemesh.SendRequest{
			To: e.Ref, Body: append(claudemesh.Bytes{}, e.Body...), ContentType: orDefault(written.ContentType),
			ReplyTo: e.ReplyTo, Priority: written.Priority, Meta: written.Meta, Mentions: written.Mentions,
		}, e.MeshID)
		if local != c.Local || err != nil {
			t.Errorf("%s, local: %s %v", c.Name, local, err)
		}
	}
}

// orDefault: of a body that is bytes the default is another one.
func orDefault(contentType string) string {
	if contentType == "" {
		return "text/plain; charset=utf-8"
	}
	return contentType
}

func TestControlCharactersAndBrokenTextsAreRefusedInEveryField(t *testing.T) {
	fields := map[string]func(*fingerprint.Parts, string){
		"mesh_id":      func(p *fingerprint.Parts, text string) { p.MeshID = text },
		"ref":          func(p *fingerprint.Parts, text string) { p.Ref = text },
		"reply_to":     func(p *fingerprint.Parts, text string) { p.ReplyTo = text },
		"content_type": func(p *fingerprint.Parts, text string) { p.ContentType = text },
		"a mention":    func(p *fingerprint.Parts, text string) { p.Mentions = []string{"a", text} },
	}
	for name, set := range fields {
		for text, code := range map[string]string{
			"a\x00b": fingerprint.ControlCharacter, "\x1f": fingerprint.ControlCharacter, "\n": fingerprint.ControlCharacter,
			"\xff": strictjson.InvalidUTF8, "\xed\xa0\x80": strictjson.LoneSurrogate, " \u007f\u0080\u2028😂": "",
		} {
			parts := fingerprint.Parts{Kind: "topic", Priority: "next"}
			set(&parts, text)
			for version := 1; version <= 2; version++ {
				hex, err := fingerprint.Of(version, parts)
				var refused *strictjson.Error
				if got := errors.As(err, &refused); got != (code != "") || got && refused.Code != code || !got && len(hex) != 64 {
					t.Errorf("%q in %s, version %d: %q %v", text, name, version, hex, err)
				}
			}
		}
	}
}

func TestMentionsOfTheCallerAreLeftInTheirOrder(t *testing.T) {
	mentions := []string{"c", "a", "b", "a"}
	if _, err := claudemesh.WireFingerprint(2, claudemesh.Envelope{Kind: "topic", Mentions: mentions}); err != nil {
		t.Fatal(err)
	}
	if strings.Join(mentions, "") != "caba" {
		t.Error(mentions)
	}
}

func TestAnUnknownVersionKindOrPriorityIsRefused(t *testing.T) {
	for _, try := range []struct {
		version  int
		envelope claudemesh.Envelope
	}{
		{0, claudemesh.Envelope{Kind: "topic"}},
		{3, claudemesh.Envelope{Kind: "topic"}},
		{2, claudemesh.Envelope{Kind: "agent"}},
		{2, claudemesh.Envelope{Kind: "topic", Priority: "high"}},
	} {
		if _, err := claudemesh.WireFingerprint(try.version, try.envelope); !errors.Is(err, claudemesh.ErrInvalidField) {
			t.Errorf("%+v: %v", try, err)
		}
	}
}
