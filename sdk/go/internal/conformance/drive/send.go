package main

import (
	"context"
	"encoding/json"
	"time"

	claudemesh "github.com/claudemesh/claudemesh/sdk/go"
)

// written is a send as the API takes it, or with the meta as JSON text.
type written struct {
	claudemesh.SendRequest
	Message  *string           `json:"message"`
	Body     *claudemesh.Bytes `json:"body"`
	Meta     json.RawMessage   `json:"meta"`
	MetaText *string           `json:"meta_text"`
}

func (w written) request() claudemesh.SendRequest {
	request := w.SendRequest
	if w.Message != nil {
		if request.Message = *w.Message; request.Message == "" && w.Body == nil {
			// How an empty text is given here.
			request.Body = claudemesh.Bytes{}
			if request.ContentType == "" {
				request.ContentType = "text/plain; charset=utf-8"
			}
		}
	}
	if w.Body != nil {
		request.Body = *w.Body
	}
	switch {
	case w.MetaText != nil:
		request.Meta = json.RawMessage(*w.MetaText)
	case w.Meta != nil:
		request.Meta = w.Meta
	}
	return request
}

func send(ctx context.Context, c *claudemesh.Client, r struct {
	Request   written                 `json:"request"`
	Wait      claudemesh.ReceiptStage `json:"wait"`
	TimeoutMS int64                   `json:"timeout_ms"`
}) (any, error) {
	ctx, cancel := within(ctx, r.TimeoutMS)
	defer cancel()
	if r.Wait == "" {
		return c.Send(ctx, r.Request.request())
	}
	return c.SendAndWait(ctx, r.Request.request(), r.Wait)
}

func reply(ctx context.Context, c *claudemesh.Client, r struct {
	InboxID int64   `json:"inbox_id"`
	Answer  written `json:"answer"`
}) (any, error) {
	return c.Reply(ctx, r.InboxID, r.Answer.request())
}

func message(ctx context.Context, c *claudemesh.Client, r struct {
	MessageID anyID `json:"message_id"`
}) (any, error) {
	return c.Message(ctx, string(r.MessageID))
}

func waitFor(ctx context.Context, c *claudemesh.Client, r struct {
	MessageID anyID                   `json:"message_id"`
	Stage     claudemesh.ReceiptStage `json:"stage"`
	TimeoutMS int64                   `json:"timeout_ms"`
}) (any, error) {
	ctx, cancel := within(ctx, r.TimeoutMS)
	defer cancel()
	return c.WaitFor(ctx, string(r.MessageID), r.Stage)
}

func localFingerprint(line []byte) (any, error) {
	asked, err := read[struct {
		MeshID  string  `json:"mesh_id"`
		Request written `json:"request"`
	}](line)
	if err != nil {
		return nil, err
	}
	return claudemesh.LocalFingerprint(asked.Request.request(), asked.MeshID)
}

// within is a context with the deadline that was asked for, or with none.
func within(ctx context.Context, timeoutMS int64) (context.Context, context.CancelFunc) {
	if timeoutMS == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Duration(timeoutMS)*time.Millisecond)
}

// anyID is an id, or the number of a row.
type anyID string

func (a *anyID) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, (*string)(a))
	}
	*a = anyID(text)
	return nil
}
