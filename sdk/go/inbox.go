package claudemesh

import (
	"context"
	"net/url"
)

// Inbox is what this member has received, in order of arrival.
type Inbox struct{ client *Client }

// InboxFilter says which messages are wanted; the zero value is all of them.
type InboxFilter struct {
	// Since: messages after this inbox_id.
	Since int64
	Topic string
	From  string
	Agent string
	// Unread: only those that nobody has marked as read.
	Unread bool
	// Newest: the newest first, instead of in order of arrival.
	Newest bool
	PageOptions
}

// List is a page of the inbox.
func (i Inbox) List(ctx context.Context, filter InboxFilter) (*Page[InboxItem], error) {
	query := url.Values{}
	if filter.Since != 0 {
		query.Set("since", number(filter.Since))
	}
	for name, value := range map[string]string{"topic": filter.Topic, "from": filter.From, "agent": filter.Agent} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if filter.Unread {
		query.Set("unread", "true")
	}
	if filter.Newest {
		query.Set("newest", "true")
	}
	return page[InboxItem](ctx, i.client, "/v1/inbox", query, filter.PageOptions)
}

// Search is a page of the messages that have the words of `query`.
func (i Inbox) Search(ctx context.Context, query string, options PageOptions) (*Page[InboxItem], error) {
	return page[InboxItem](ctx, i.client, "/v1/inbox/search", url.Values{"q": {query}}, options)
}

// Item is one message.
func (i Inbox) Item(ctx context.Context, inboxID int64) (*InboxItem, error) {
	return get[InboxItem](ctx, i.client, "/v1/inbox/"+number(inboxID), nil)
}

// MarkRead says that a message was read, and tells its sender so.
func (i Inbox) MarkRead(ctx context.Context, inboxID int64) (*InboxItem, error) {
	return post[InboxItem](ctx, i.client, "/v1/inbox/"+number(inboxID)+"/read", nothing{}, true)
}

// Undecryptable is what was received and cannot be opened, in order of arrival.
func (i Inbox) Undecryptable(ctx context.Context, options PageOptions) (*Page[Undecryptable], error) {
	return page[Undecryptable](ctx, i.client, "/v1/inbox/undecryptable", url.Values{}, options)
}
