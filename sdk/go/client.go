package claudemesh

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Client is a daemon's local API. It is safe for use by several goroutines at once, and keeps a few idle connections
// until Close.
//
// A context without a deadline gives a call 30 seconds, retries included. Calls that are the same when done twice are
// repeated, up to six times in all, when the daemon says that this can help or when it restarts.
type Client struct {
	Inbox  Inbox
	Outbox Outbox
	Topics Topics
	Queues Queues
	Files  Files

	transport *transport
	// pause waits between attempts.
	pause func(context.Context, time.Duration) error
}

// Connect answers a client of the daemon that is meant. Nothing is dialled yet: the first call finds out whether it
// runs. Errors are those of looking for the daemon: not_running, and usage where several are there.
func Connect(target Target) (*Client, error) {
	find, err := target.find()
	if err != nil {
		return nil, err
	}
	c := &Client{transport: newTransport(find), pause: sleep}
	c.Inbox = Inbox{c}
	c.Outbox = Outbox{c}
	c.Topics = Topics{c}
	c.Queues = Queues{c}
	c.Files = Files{c}
	return c, nil
}

// Close ends idle connections. Calls under way go on, and further ones may be made.
func (c *Client) Close() { c.transport.closeIdle() }

// Members are those of the mesh, as the broker has told of them.
func (c *Client) Members(ctx context.Context) ([]Member, error) {
	return items[Member](ctx, c, "/v1/members")
}

// Health is how the daemon and its link to the broker are.
func (c *Client) Health(ctx context.Context) (*Health, error) {
	return get[Health](ctx, c, "/v1/health", nil)
}

// Version is the daemon's, with what it has negotiated with the broker.
func (c *Client) Version(ctx context.Context) (*Version, error) {
	return get[Version](ctx, c, "/v1/version", nil)
}

// History is the broker's copy of `#topic`, or of this member's own direct messages by `dm`; newest first.
func (c *Client) History(ctx context.Context, address string, options PageOptions) (*Page[HistoryItem], error) {
	query := url.Values{"address": {address}}
	return page[HistoryItem](ctx, c, "/v1/history", query, options)
}

// Mentions are the messages of the inbox that mention this member.
func (c *Client) Mentions(ctx context.Context, options PageOptions) (*Page[InboxItem], error) {
	return page[InboxItem](ctx, c, "/v1/mentions", url.Values{}, options)
}

// MentionHistory is what mentions this member of what the broker keeps, whichever host received it; newest first.
func (c *Client) MentionHistory(ctx context.Context, options PageOptions) (*Page[HistoryItem], error) {
	return page[HistoryItem](ctx, c, "/v1/history/mentions", url.Values{}, options)
}

// items is a list that comes whole.
func items[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	answer, err := get[struct {
		Items []T `json:"items"`
	}](ctx, c, path, nil)
	if err != nil {
		return nil, err
	}
	if answer.Items == nil {
		return nil, withoutList()
	}
	return answer.Items, nil
}

func withoutList() *Error { return notAnAnswer("without the list that was asked for", nil) }

// segment is a name as one part of a path; its sign, which addresses have, may stand before it.
func segment(name, sign string) string {
	written := url.PathEscape(trimSign(name, sign))
	if strings.Trim(written, ".") == "" {
		// It would be taken for a folder by whatever stands between.
		return strings.ReplaceAll(written, ".", "%2E")
	}
	return written
}

func trimSign(name, sign string) string { return strings.TrimPrefix(name, sign) }

func number(n int64) string { return strconv.FormatInt(n, 10) }
