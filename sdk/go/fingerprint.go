package claudemesh

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"strings"

	"github.com/claudemesh/claudemesh/sdk/go/internal/fingerprint"
	"github.com/claudemesh/claudemesh/sdk/go/internal/strictjson"
)

const (
	defaultTextType  = fingerprint.DefaultContentType
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
	meta, err := metaWithSender(request)
	if err != nil {
		return "", err
	}
	return fingerprintOf(2, Envelope{
		MeshID:      meshID,
		Kind:        requestKind,
		Ref:         request.To,
		ReplyTo:     request.ReplyTo,
		Priority:    request.Priority,
		Meta:        json.RawMessage(meta),
		Mentions:    request.Mentions,
		ContentType: contentType,
	}, hash)
}

// metaWithSender is the meta as it travels: with what the daemon writes of the sender, under keys that no caller writes.
func metaWithSender(request SendRequest) (string, error) {
	own, err := CanonicalMeta(request.Meta)
	if err != nil {
		return "", err
	}
	value, err := strictjson.Parse([]byte(or(own, "{}")))
	if err != nil {
		return "", fromProfile(err)
	}
	members, _ := value.(strictjson.Object)
	if request.FromAgent != "" {
		members = append(members, strictjson.Member{Key: "claudemesh.from_agent", Value: strings.ToLower(request.FromAgent)})
	}
	if request.Hops != 0 {
		members = append(members, strictjson.Member{Key: "claudemesh.hops", Value: float64(request.Hops)})
	}
	if len(members) == 0 {
		return "null", nil
	}
	text, err := strictjson.CanonicalMeta(members)
	return text, fromProfile(err)
}

func fingerprintOf(version int, envelope Envelope, bodyHash [sha256.Size]byte) (string, error) {
	meta, err := CanonicalMeta(envelope.Meta)
	if err != nil {
		return "", err
	}
	hex, err := fingerprint.Of(version, fingerprint.Parts{
		MeshID:      envelope.MeshID,
		Kind:        envelope.Kind,
		Ref:         envelope.Ref,
		ReplyTo:     envelope.ReplyTo,
		Priority:    or(string(envelope.Priority), fingerprint.DefaultPriority),
		Meta:        meta,
		Mentions:    envelope.Mentions,
		ContentType: or(envelope.ContentType, defaultTextType),
		BodyHash:    bodyHash,
	})
	return hex, fromProfile(err)
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
