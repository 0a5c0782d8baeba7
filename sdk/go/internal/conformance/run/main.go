// Command run says what the SDK says without a daemon: canonical forms and fingerprints, as JSON lines.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
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
	if !utf8.Valid(line) {
		return bytes.ToValidUTF8(id, []byte("\ufffd")), "", "", refuse(strictjson.InvalidUTF8)
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
		return strictjson.ParseGeneralized([]byte(text.value))
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

func fingerprintOf(request fields) (string, error) {
	version, err := strconv.ParseFloat(string(request["version"]), 64)
	if err != nil || version != 1 && version != 2 {
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
	return fingerprint.Of(int(version), parts)
}

func partsOf(envelope fields) (parts fingerprint.Parts, err error) {
	for _, name := range [...]string{"mesh_id", "kind", "ref"} {
		if envelope.absent(name) {
			return parts, refuse(missingField)
		}
	}
	texts := map[string]optional{}
	for _, name := range [...]string{"mesh_id", "kind", "ref", "reply_to", "priority", "meta_text", "content_type"} {
		if texts[name], err = envelope.text(name); err != nil {
			return parts, err
		}
	}
	if parts.Mentions, err = envelope.texts("mentions"); err != nil {
		return parts, err
	}
	parts.MeshID, parts.Kind, parts.Ref = texts["mesh_id"].value, texts["kind"].value, texts["ref"].value
	parts.ReplyTo = texts["reply_to"].or("")
	parts.Priority = texts["priority"].or(fingerprint.DefaultPriority)
	parts.ContentType = texts["content_type"].or(fingerprint.DefaultContentType)
	if err := fingerprint.CheckChoices(parts); err != nil {
		return parts, err
	}
	body, err := envelope.bytes("body")
	if err != nil {
		return parts, err
	}
	if text := texts["meta_text"].or(""); text != "" {
		meta, err := strictjson.ParseGeneralized([]byte(text))
		if err != nil {
			return parts, err
		}
		if parts.Meta, err = strictjson.CanonicalMeta(meta); err != nil {
			return parts, err
		}
	}
	parts.BodyHash = sha256.Sum256(body)
	return parts, nil
}
