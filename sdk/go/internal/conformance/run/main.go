// Command run says what the SDK says without a daemon: canonical forms and fingerprints, as JSON lines.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"unicode/utf8"

	"github.com/claudemesh/claudemesh/sdk/go/internal/conformance/lines"
	"github.com/claudemesh/claudemesh/sdk/go/internal/fingerprint"
	"github.com/claudemesh/claudemesh/sdk/go/internal/strictjson"
)

const (
	invalidField = strictjson.InvalidField
	missingField = "missing_field"
	usage        = "usage"
)

func main() {
	if err := lines.Answer(os.Stdin, os.Stdout, answer); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// answer is that to one line. Its parts are JSON already.
func answer(line []byte) []byte {
	id, name, value, err := answerTo(line)
	if err == nil {
		return fmt.Appendf(nil, `{"id":%s,"ok":true,%q:%s}`, id, name, strictjson.AppendString(nil, value))
	}
	code := "internal"
	var refused *strictjson.Error
	if errors.As(err, &refused) {
		code = refused.Code
	}
	return fmt.Appendf(nil, `{"id":%s,"ok":false,"code":%q}`, id, code)
}

func answerTo(line []byte) (id json.RawMessage, name, value string, err error) {
	id = json.RawMessage("null")
	if !json.Valid(line) {
		return id, "", "", refuse(strictjson.MalformedJSON)
	}
	var request fields
	if json.Unmarshal(line, &request) != nil || request == nil {
		return id, "", "", refuse(usage)
	}
	if written := request["id"]; len(written) > 0 && bytes.IndexByte([]byte(`"-0123456789`), written[0]) >= 0 {
		id = written
	}
	op, err := request.text("op")
	if err != nil {
		return id, "", "", refuse(usage)
	}
	switch op.or("") {
	case "canonicalize":
		value, err = canonicalize(request)
		return id, "canonical", value, err
	case "fingerprint":
		value, err = fingerprintOf(request)
		return id, "hex", value, err
	}
	return id, "", "", refuse(usage)
}

func canonicalize(request fields) (string, error) {
	as, err := request.text("as")
	if err != nil || as.given && as.value != "meta" {
		return "", refuse(invalidField)
	}
	value, err := source(request)
	if err != nil {
		return "", err
	}
	if as.given {
		return strictjson.CanonicalMeta(value)
	}
	return strictjson.Canonical(value)
}

// source is what is to be canonicalized, given as text or as bytes.
func source(request fields) (strictjson.Value, error) {
	text, err := request.text("text")
	if err != nil {
		return nil, err
	}
	if text.given {
		return parse(text.value, request["text"])
	}
	written, err := request.bytes("base64url")
	if err != nil {
		return nil, err
	}
	if written == nil {
		return nil, refuse(missingField)
	}
	return strictjson.Parse(written)
}

// parse reads a text that stood in a line, where a lone surrogate can be spelled. Bytes that are not UTF-8 can stand
// there too.
func parse(text string, token json.RawMessage) (strictjson.Value, error) {
	if !utf8.Valid(token) {
		return strictjson.Parse([]byte(text))
	}
	return strictjson.ParseGeneralized([]byte(text))
}

func fingerprintOf(request fields) (string, error) {
	version := string(request["version"])
	if version != "1" && version != "2" {
		return "", refuse(invalidField)
	}
	if request.absent("envelope") {
		return "", refuse(missingField)
	}
	var envelope fields
	if json.Unmarshal(request["envelope"], &envelope) != nil {
		return "", refuse(invalidField)
	}
	parts, err := partsOf(envelope)
	if err != nil {
		return "", err
	}
	return fingerprint.Of(int(version[0]-'0'), parts)
}

func partsOf(envelope fields) (parts fingerprint.Parts, err error) {
	texts := map[string]optional{}
	for _, name := range [...]string{"mesh_id", "kind", "ref", "reply_to", "priority", "meta_text", "content_type"} {
		if texts[name], err = envelope.text(name); err != nil {
			return parts, err
		}
	}
	for _, name := range [...]string{"mesh_id", "kind", "ref"} {
		if !texts[name].given {
			return parts, refuse(missingField)
		}
	}
	if parts.Mentions, err = envelope.texts("mentions"); err != nil {
		return parts, err
	}
	body, err := envelope.bytes("body")
	if err != nil {
		return parts, err
	}
	if text := texts["meta_text"].or(""); text != "" {
		meta, err := parse(text, envelope["meta_text"])
		if err != nil {
			return parts, err
		}
		if parts.Meta, err = strictjson.CanonicalMeta(meta); err != nil {
			return parts, err
		}
	}
	parts.MeshID, parts.Kind, parts.Ref = texts["mesh_id"].value, texts["kind"].value, texts["ref"].value
	parts.ReplyTo = texts["reply_to"].or("")
	parts.Priority = texts["priority"].or(fingerprint.DefaultPriority)
	parts.ContentType = texts["content_type"].or(fingerprint.DefaultContentType)
	parts.BodyHash = sha256.Sum256(body)
	return parts, nil
}
