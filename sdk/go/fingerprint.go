package claudemesh

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/claudemesh/claudemesh/sdk/go/internal/strictjson"
)

const (
	defaultTextType  = "text/plain; charset=utf-8"
	defaultBytesType = "application/octet-stream"
	requestKind      = "request"
)

// Envelope is what a request fingerprint covers. What has its zero value has its default.
type Envelope struct {
	MeshID string
	// Kind is topic, dm or queue; request in a local fingerprint.
	Kind string
	// Ref is the name of a topic or queue; of a direct message the member_id, with `/agent` when one is addressed.
	Ref     string
	ReplyTo string
	// Priority is next by default.
	Priority Priority
	// Meta is what [CanonicalMeta] takes.
	Meta any
	// Mentions are member_ids in any order.
	Mentions []string
	// ContentType is `text/plain; charset=utf-8` by default.
	ContentType string
	// Body is the bytes that are sent: of a sealed body the sealed ones.
	Body []byte
}

// covered is an envelope whose fields are checked and in the form that is hashed.
type covered struct {
	meshID, kind, ref, replyTo, priority, meta, contentType string
	// mentions are in order and without duplicates.
	mentions []string
	bodyHash [sha256.Size]byte
}

// fingerprints has one line a version.
var fingerprints = map[int]func(covered) []byte{
	1: fingerprintV1,
	2: fingerprintV2,
}

// WireFingerprint is the request fingerprint of an envelope, 64 hex characters. Version 1 is sha256-jcs-v1, 2 is
// sha256-jcs-v2.
func WireFingerprint(version int, envelope Envelope) (string, error) {
	return fingerprintOf(version, envelope, sha256.Sum256(envelope.Body))
}

// LocalFingerprint is what a daemon compares when an id is used again, 64 hex characters: version 2 over the request as
// it is written. Attachments need their name and content type, which the daemon else takes from where they were handed
// over.
func LocalFingerprint(request SendRequest, meshID string) (string, error) {
	body, contentType, err := contentOf(request)
	if err != nil {
		return "", err
	}
	hash, err := contentHash(body, request.Attachments)
	if err != nil {
		return "", err
	}
	return fingerprintOf(2, Envelope{
		MeshID:      meshID,
		Kind:        requestKind,
		Ref:         request.To,
		ReplyTo:     request.ReplyTo,
		Priority:    request.Priority,
		Meta:        request.Meta,
		Mentions:    request.Mentions,
		ContentType: contentType,
	}, hash)
}

func fingerprintOf(version int, envelope Envelope, bodyHash [sha256.Size]byte) (string, error) {
	compute, known := fingerprints[version]
	if !known {
		return "", newError(ErrInvalidField, fmt.Sprintf("fingerprint version %d is unknown", version), "")
	}
	if !slices.Contains([]string{"topic", "dm", "queue", requestKind}, envelope.Kind) {
		return "", newError(ErrInvalidField, "kind must be topic, dm, queue or request", "")
	}
	priority := Priority(or(string(envelope.Priority), string(PriorityNext)))
	if !slices.Contains([]Priority{PriorityNow, PriorityNext, PriorityLow}, priority) {
		return "", newError(ErrInvalidField, "priority must be now, next or low", "")
	}
	meta, err := CanonicalMeta(envelope.Meta)
	if err != nil {
		return "", err
	}
	mentions := slices.Clone(envelope.Mentions)
	slices.SortFunc(mentions, strictjson.CompareUTF16)
	parts := covered{
		meshID:      envelope.MeshID,
		kind:        envelope.Kind,
		ref:         envelope.Ref,
		replyTo:     envelope.ReplyTo,
		priority:    string(priority),
		meta:        meta,
		contentType: or(envelope.ContentType, defaultTextType),
		mentions:    slices.Compact(mentions),
		bodyHash:    bodyHash,
	}
	texts := append([]string{parts.meshID, parts.ref, parts.replyTo, parts.contentType}, parts.mentions...)
	for _, text := range texts {
		if err := checkField(text); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(compute(parts)), nil
}

// checkField refuses U+0000–U+001F besides: fields that are joined or compared by bytes must stay apart.
func checkField(text string) error {
	if err := checkText(text); err != nil {
		return err
	}
	if strings.ContainsFunc(text, func(letter rune) bool { return letter < 0x20 }) {
		return newError(ErrControlCharacter, "a field has a control character (U+0000–U+001F)", "")
	}
	return nil
}

// fingerprintV1 is sha256-jcs-v1: texts joined by one zero byte. It does not cover mesh, mentions and content type.
func fingerprintV1(parts covered) []byte {
	fields := []string{
		"1", parts.kind, parts.ref, parts.replyTo, parts.priority, parts.meta, hex.EncodeToString(parts.bodyHash[:]),
	}
	hash := sha256.Sum256([]byte(strings.Join(fields, "\x00")))
	return hash[:]
}

// fingerprintV2 is sha256-jcs-v2: a tag, then each field as an 8-byte big-endian length and its bytes.
func fingerprintV2(parts covered) []byte {
	mentions := []strictjson.Value{}
	for _, mention := range parts.mentions {
		mentions = append(mentions, mention)
	}
	encoded := []byte("claudemesh:rf:v2")
	for _, field := range []string{
		parts.meshID, "2", parts.kind, parts.ref, parts.replyTo, parts.priority, parts.meta,
		string(strictjson.AppendCanonical(nil, mentions)), parts.contentType, string(parts.bodyHash[:]),
	} {
		encoded = binary.BigEndian.AppendUint64(encoded, uint64(len(field)))
		encoded = append(encoded, field...)
	}
	hash := sha256.Sum256(encoded)
	return hash[:]
}

// contentHash stands for the body in the local fingerprint. With files it is the hash of the content as it is framed to
// be sealed, where name, type and id stand for each.
func contentHash(body []byte, files []SendAttachment) ([sha256.Size]byte, error) {
	if len(files) == 0 {
		return sha256.Sum256(body), nil
	}
	list := []strictjson.Value{}
	for _, file := range files {
		if file.Name == "" || file.ContentType == "" {
			return [sha256.Size]byte{}, newError(ErrMissingField, "an attachment has no name or no content_type",
				"give both, as Files.Put answers them")
		}
		if err := checkTexts(file, anyNumber); err != nil {
			return [sha256.Size]byte{}, err
		}
		list = append(list, strictjson.Object{
			{Key: "name", Value: file.Name}, {Key: "content_type", Value: file.ContentType}, {Key: "file_id", Value: file.FileID},
		})
	}
	head := strictjson.AppendCanonical(nil, list)
	content := binary.BigEndian.AppendUint32([]byte{0x01}, uint32(len(head)))
	return sha256.Sum256(append(append(content, head...), body...)), nil
}
