package claudemesh

import (
	"context"
	"encoding/json"
	"net/url"
)

// Outbox is what this daemon has been given to send.
type Outbox struct{ client *Client }

// OutboxFilter says which rows are wanted; the zero value is all of them.
type OutboxFilter struct {
	State OutboxStatus
	PageOptions
}

// List is a page of the rows.
func (o Outbox) List(ctx context.Context, filter OutboxFilter) (*Page[OutboxRow], error) {
	query := url.Values{}
	if filter.State != "" {
		query.Set("state", string(filter.State))
	}
	return page[OutboxRow](ctx, o.client, "/v1/outbox", query, filter.PageOptions)
}

// Inspect is one row.
func (o Outbox) Inspect(ctx context.Context, outboxID int64) (*OutboxRow, error) {
	return get[OutboxRow](ctx, o.client, rowPath(outboxID, ""), nil)
}

// Requeue puts a new row in the place of a pending or dead one, with the changes. It is not repeated by itself.
func (o Outbox) Requeue(ctx context.Context, outboxID int64, change OutboxRequeue) (*OutboxRow, error) {
	body := struct {
		OutboxRequeue
		Patch *patchBody `json:"patch,omitempty"`
	}{}
	body.NewID = change.NewID
	if change.Patch != nil {
		patch := *change.Patch
		patch.Body, patch.Meta = nil, nil
		body.Patch = &patchBody{OutboxPatch: patch, Body: given(change.Patch.Body)}
		if change.Patch.Meta != nil {
			meta, err := CanonicalMeta(change.Patch.Meta)
			if err != nil {
				return nil, err
			}
			body.Patch.Meta = json.RawMessage(or(meta, "null"))
		}
	}
	return post[OutboxRow](ctx, o.client, rowPath(outboxID, "/requeue"), body, false)
}

// patchBody is a patch as it is sent: its meta in canonical form.
type patchBody struct {
	OutboxPatch
	Body *Bytes          `json:"body,omitempty"`
	Meta json.RawMessage `json:"meta,omitempty"`
}

// Drop gives up a row that is not sent. By force also one of which nobody knows whether it was. It is not repeated by
// itself.
func (o Outbox) Drop(ctx context.Context, outboxID int64, force bool) (*OutboxRow, error) {
	body := struct {
		Force bool `json:"force,omitempty"`
	}{force}
	return post[OutboxRow](ctx, o.client, rowPath(outboxID, "/drop"), body, false)
}

func rowPath(outboxID int64, part string) string { return "/v1/outbox/" + number(outboxID) + part }
