package main

import (
	"bytes"
	"context"
	"io"
	"strings"

	claudemesh "github.com/claudemesh/claudemesh/sdk/go"
)

type operation func(ctx context.Context, client *claudemesh.Client, line []byte) (any, error)

// asking is an operation whose request has the members of T.
func asking[T any](run func(context.Context, *claudemesh.Client, T) (any, error)) operation {
	return func(ctx context.Context, client *claudemesh.Client, line []byte) (any, error) {
		asked, err := read[T](line)
		if err != nil {
			return nil, err
		}
		return run(ctx, client, asked)
	}
}

type (
	nothing struct{}
	named   struct {
		Name string `json:"name"`
	}
	leased struct {
		named
		LeaseID string `json:"lease_id"`
	}
	row struct {
		OutboxID int64 `json:"outbox_id"`
	}
	inboxRow struct {
		InboxID int64 `json:"inbox_id"`
	}
)

// operations is what the client can do, by the words of the drivers.
var operations = map[string]operation{
	"send":     asking(send),
	"reply":    asking(reply),
	"message":  asking(message),
	"wait_for": asking(waitFor),

	"outbox_list": asking(outboxList),
	"outbox_inspect": asking(func(ctx context.Context, c *claudemesh.Client, r row) (any, error) {
		return c.Outbox.Inspect(ctx, r.OutboxID)
	}),
	"outbox_requeue": asking(outboxRequeue),
	"outbox_drop":    asking(outboxDrop),

	"inbox_list":   asking(inboxList),
	"inbox_search": asking(inboxSearch),
	"inbox_item": asking(func(ctx context.Context, c *claudemesh.Client, r inboxRow) (any, error) {
		return c.Inbox.Item(ctx, r.InboxID)
	}),
	"inbox_mark_read": asking(func(ctx context.Context, c *claudemesh.Client, r inboxRow) (any, error) {
		return c.Inbox.MarkRead(ctx, r.InboxID)
	}),
	"undecryptable": asking(func(ctx context.Context, c *claudemesh.Client, _ nothing) (any, error) {
		return first(c.Inbox.Undecryptable(ctx, claudemesh.PageOptions{}))
	}),
	"mentions": asking(func(ctx context.Context, c *claudemesh.Client, _ nothing) (any, error) {
		return first(c.Mentions(ctx, claudemesh.PageOptions{}))
	}),
	"history": asking(func(ctx context.Context, c *claudemesh.Client, r struct {
		Address string `json:"address"`
	}) (any, error) {
		return first(c.History(ctx, r.Address, claudemesh.PageOptions{}))
	}),
	"mention_history": asking(func(ctx context.Context, c *claudemesh.Client, _ nothing) (any, error) {
		return first(c.MentionHistory(ctx, claudemesh.PageOptions{}))
	}),

	"topic_list": asking(func(ctx context.Context, c *claudemesh.Client, _ nothing) (any, error) { return c.Topics.List(ctx) }),
	"topic_create": asking(func(ctx context.Context, c *claudemesh.Client, r named) (any, error) {
		return c.Topics.Create(ctx, r.Name)
	}),
	"topic_join": asking(func(ctx context.Context, c *claudemesh.Client, r named) (any, error) {
		return c.Topics.Join(ctx, r.Name)
	}),
	"topic_leave": asking(func(ctx context.Context, c *claudemesh.Client, r named) (any, error) {
		return c.Topics.Leave(ctx, r.Name)
	}),
	"topic_members": asking(func(ctx context.Context, c *claudemesh.Client, r named) (any, error) {
		return c.Topics.Members(ctx, r.Name)
	}),

	"queue_list":   asking(func(ctx context.Context, c *claudemesh.Client, _ nothing) (any, error) { return c.Queues.List(ctx) }),
	"queue_create": asking(queueCreate),
	"queue_show": asking(func(ctx context.Context, c *claudemesh.Client, r named) (any, error) {
		return c.Queues.Show(ctx, r.Name)
	}),
	"queue_delete": asking(queueDelete),
	"queue_claim":  asking(queueClaim),
	"queue_ack": asking(func(ctx context.Context, c *claudemesh.Client, r leased) (any, error) {
		return c.Queues.Ack(ctx, r.Name, r.LeaseID)
	}),
	"queue_nack":    asking(queueNack),
	"queue_extend":  asking(queueExtend),
	"queue_dead":    asking(queueDead),
	"queue_requeue": asking(queueRequeue),
	"queue_work":    asking(queueWork),

	"files_put":  asking(filesPut),
	"files_list": asking(filesList),
	"files_take": asking(filesTake),

	"members": asking(func(ctx context.Context, c *claudemesh.Client, _ nothing) (any, error) { return c.Members(ctx) }),
	"health":  asking(func(ctx context.Context, c *claudemesh.Client, _ nothing) (any, error) { return c.Health(ctx) }),
	"version": asking(func(ctx context.Context, c *claudemesh.Client, _ nothing) (any, error) { return c.Version(ctx) }),
}

// first is the items of the first page.
func first[T any](page *claudemesh.Page[T], err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return page.Items, nil
}

func outboxList(ctx context.Context, c *claudemesh.Client, r struct {
	State claudemesh.OutboxStatus `json:"state"`
}) (any, error) {
	return first(c.Outbox.List(ctx, claudemesh.OutboxFilter{State: r.State}))
}

func outboxRequeue(ctx context.Context, c *claudemesh.Client, r struct {
	row
	claudemesh.OutboxRequeue
}) (any, error) {
	return c.Outbox.Requeue(ctx, r.OutboxID, r.OutboxRequeue)
}

func outboxDrop(ctx context.Context, c *claudemesh.Client, r struct {
	row
	Force bool `json:"force"`
}) (any, error) {
	return c.Outbox.Drop(ctx, r.OutboxID, r.Force)
}

func inboxList(ctx context.Context, c *claudemesh.Client, r struct {
	Filter struct {
		Since  int64  `json:"since"`
		Topic  string `json:"topic"`
		From   string `json:"from"`
		Agent  string `json:"agent"`
		Unread bool   `json:"unread"`
		Newest bool   `json:"newest"`
		Cursor string `json:"cursor"`
		Limit  int    `json:"limit"`
	} `json:"filter"`
	All bool `json:"all"`
}) (any, error) {
	f := r.Filter
	page, err := c.Inbox.List(ctx, claudemesh.InboxFilter{
		Since: f.Since, Topic: f.Topic, From: f.From, Agent: f.Agent, Unread: f.Unread, Newest: f.Newest,
		PageOptions: claudemesh.PageOptions{Cursor: f.Cursor, Limit: f.Limit},
	})
	if err != nil || !r.All {
		return first(page, err)
	}
	items := []claudemesh.InboxItem{}
	for item, err := range page.All(ctx) {
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

func inboxSearch(ctx context.Context, c *claudemesh.Client, r struct {
	Query string `json:"query"`
}) (any, error) {
	return first(c.Inbox.Search(ctx, r.Query, claudemesh.PageOptions{}))
}

func queueCreate(ctx context.Context, c *claudemesh.Client, r struct {
	named
	DeliveriesMax int `json:"deliveries_max"`
}) (any, error) {
	return c.Queues.Create(ctx, r.Name, r.DeliveriesMax)
}

func queueDelete(ctx context.Context, c *claudemesh.Client, r struct {
	named
	Force bool `json:"force"`
}) (any, error) {
	// The SDK says nothing of one that is gone.
	return named{strings.TrimPrefix(r.Name, "queue:")}, c.Queues.Delete(ctx, r.Name, r.Force)
}

func queueClaim(ctx context.Context, c *claudemesh.Client, r struct {
	named
	claudemesh.QueueClaim
}) (any, error) {
	return c.Queues.Claim(ctx, r.Name, r.QueueClaim)
}

func queueNack(ctx context.Context, c *claudemesh.Client, r struct {
	leased
	claudemesh.QueueNack
}) (any, error) {
	return c.Queues.Nack(ctx, r.Name, r.LeaseID, r.QueueNack)
}

func queueExtend(ctx context.Context, c *claudemesh.Client, r struct {
	leased
	LeaseS int64 `json:"lease_s"`
}) (any, error) {
	return c.Queues.Extend(ctx, r.Name, r.LeaseID, r.LeaseS)
}

func queueDead(ctx context.Context, c *claudemesh.Client, r named) (any, error) {
	return first(c.Queues.Dead(ctx, r.Name, claudemesh.PageOptions{}))
}

func queueRequeue(ctx context.Context, c *claudemesh.Client, r struct {
	named
	HistoryIDs []int64 `json:"history_ids"`
}) (any, error) {
	return c.Queues.Requeue(ctx, r.Name, r.HistoryIDs)
}

// queueWork handles `count` messages and answers them.
func queueWork(ctx context.Context, c *claudemesh.Client, r struct {
	named
	Count int `json:"count"`
}) (any, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	handled := []claudemesh.ClaimedMessage{}
	_, err := c.Queues.Work(ctx, r.Name, claudemesh.WorkOptions{}, func(_ context.Context, m claudemesh.ClaimedMessage) error {
		if handled = append(handled, m); len(handled) == r.Count {
			cancel()
		}
		return nil
	})
	return handled, err
}

func filesPut(ctx context.Context, c *claudemesh.Client, r struct {
	named
	ContentType string           `json:"content_type"`
	Body        claudemesh.Bytes `json:"body"`
}) (any, error) {
	return c.Files.Put(ctx, claudemesh.FileToSend{
		Name: r.Name, ContentType: r.ContentType, Bytes: int64(len(r.Body)), Content: bytes.NewReader(r.Body),
	})
}

func filesList(ctx context.Context, c *claudemesh.Client, r inboxRow) (any, error) {
	return c.Files.List(ctx, claudemesh.InInbox(r.InboxID))
}

func filesTake(ctx context.Context, c *claudemesh.Client, r struct {
	inboxRow
	FileID string `json:"file_id"`
}) (any, error) {
	file, err := c.Files.Take(ctx, claudemesh.InInbox(r.InboxID), r.FileID, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	return claudemesh.Bytes(content), err
}
