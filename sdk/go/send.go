package claudemesh

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
)

// Send answers once the message is on disk at the daemon. Without ClientMessageID an id is made first, so that what
// fails on the way is repeated with the same one: a retry never sends twice. An error that is Retryable has the id in
// its details as "client_message_id": with it the same message may be sent again, or asked for. A text is given as
// Message, and bytes, or an empty text, as Body.
func (c *Client) Send(ctx context.Context, message SendRequest) (*SendResult, error) {
	body, err := outgoing(message)
	if err != nil {
		return nil, err
	}
	sent, err := post[SendResult](ctx, c, "/v1/send", body, true)
	var told *Error
	if errors.As(err, &told) && told.Retryable {
		details := map[string]any{"client_message_id": body.ClientMessageID}
		maps.Copy(details, told.Details)
		told.Details = details
	}
	return sent, err
}

// SentMessage is a message that was sent and has reached the stage that was waited for.
type SentMessage struct {
	SendResult
	Message Message `json:"message"`
}

// SendAndWait is Send and then WaitFor within one context. When the waiting fails, the answer of Send comes beside the
// error: the message is on its way.
func (c *Client) SendAndWait(ctx context.Context, message SendRequest, stage ReceiptStage) (*SentMessage, error) {
	ctx, cancel := withDefaultTimeout(ctx, defaultTimeout)
	defer cancel()
	sent, err := c.Send(ctx, message)
	if err != nil {
		return nil, err
	}
	answer := &SentMessage{SendResult: *sent}
	reached, err := c.waitFor(ctx, number(sent.OutboxID), stage)
	if reached != nil {
		answer.Message = *reached
	}
	return answer, err
}

// Message is the state and the receipts of a message, by its outbox_id, the sender's id or the id on the wire.
func (c *Client) Message(ctx context.Context, id string) (*Message, error) {
	return c.message(ctx, id, false)
}

// sendBody is a request as it is sent: its meta in canonical form, an empty body told from none.
type sendBody struct {
	SendRequest
	Body *Bytes          `json:"body,omitempty"`
	Meta json.RawMessage `json:"meta,omitempty"`
}

func outgoing(message SendRequest) (*sendBody, error) {
	meta, err := CanonicalMeta(message.Meta)
	if err != nil {
		return nil, err
	}
	if message.ClientMessageID == "" {
		if message.ClientMessageID, err = newID(); err != nil {
			return nil, err
		}
	}
	body := given(message.Body)
	message.Body, message.Meta = nil, nil
	return &sendBody{SendRequest: message, Body: body, Meta: json.RawMessage(meta)}, nil
}

// given tells bytes that are there, also if they are none, from nil.
func given(body Bytes) *Bytes {
	if body == nil {
		return nil
	}
	return &body
}

// contentOf is the bytes and the media type of a message, as the daemon reads them.
func contentOf(message SendRequest) (body []byte, contentType string, err error) {
	switch {
	case message.Message != "" && message.Body != nil:
		return nil, "", newError(ErrInvalidField, "Message and Body are both given", "give exactly one")
	case message.Message != "":
		return []byte(message.Message), or(message.ContentType, defaultTextType), checkText(message.Message)
	case message.Body != nil:
		return message.Body, or(message.ContentType, defaultBytesType), nil
	}
	return nil, "", newError(ErrMissingField, "neither Message nor Body is given", "give exactly one; an empty text as Body")
}

func (c *Client) message(ctx context.Context, id string, answered bool) (*Message, error) {
	path := "/v1/messages/" + segment(id, "")
	return answerOf[Message](ctx, c, request{method: http.MethodGet, path: path, repeatable: true, answered: answered})
}
