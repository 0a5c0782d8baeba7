package claudemesh

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
)

func TestAllPagesAreWalkedWithTheFilterOfTheFirstOne(t *testing.T) {
	daemon := newScripted(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		cursor := fmt.Sprintf(`"c%d"`, n+1)
		if n == 2 {
			cursor = "null"
		}
		say(w, fmt.Sprintf(`{"items":[{"inbox_id":%d},{"inbox_id":%d}],"next_cursor":%s}`, 2*n, 2*n+1, cursor))
	})
	client, _ := daemon.client(t)
	first, err := client.Inbox.List(context.Background(), InboxFilter{Unread: true, PageOptions: PageOptions{Limit: 2}})
	if err != nil {
		t.Fatal(err)
	}
	want := int64(0)
	for item, err := range first.All(context.Background()) {
		if err != nil || item.InboxID != want {
			t.Fatal(item.InboxID, want, err)
		}
		want++
	}
	if want != 6 {
		t.Error(want)
	}
	for index, line := range []string{
		"GET /v1/inbox?limit=2&unread=true", "GET /v1/inbox?cursor=c1&limit=2&unread=true", "GET /v1/inbox?cursor=c2&limit=2&unread=true",
	} {
		if got := daemon.requests()[index].line; got != line {
			t.Error(got)
		}
	}
}

func TestFiltersAreAskedForByTheirNames(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, `{"items":[],"next_cursor":null}`) })
	client, _ := daemon.client(t)
	ctx := context.Background()
	_, _ = client.Inbox.List(ctx, InboxFilter{})
	_, _ = client.Inbox.List(ctx, InboxFilter{Since: 7, Topic: "t", From: "@bob", Agent: "a", Unread: true, Newest: true})
	_, _ = client.Outbox.List(ctx, OutboxFilter{State: OutboxStatusDead, PageOptions: PageOptions{Cursor: "c"}})
	_, _ = client.History(ctx, "#t", PageOptions{Limit: 2})
	for index, line := range []string{
		"GET /v1/inbox",
		"GET /v1/inbox?agent=a&from=%40bob&newest=true&since=7&topic=t&unread=true",
		"GET /v1/outbox?cursor=c&state=dead",
		"GET /v1/history?address=%23t&limit=2",
	} {
		if got := daemon.requests()[index].line; got != line {
			t.Errorf("%s, want %s", got, line)
		}
	}
}

func TestNoFurtherPageIsAskedForThanIsNeeded(t *testing.T) {
	daemon := newScripted(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n > 0 {
			problem(w, 401, "unauthorized", "")
			return
		}
		say(w, `{"items":[{"inbox_id":1},{"inbox_id":2}],"next_cursor":"c"}`)
	})
	client, _ := daemon.client(t)
	page, err := client.Mentions(context.Background(), PageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range page.All(context.Background()) {
		break
	}
	if asked := len(daemon.requests()); asked != 1 {
		t.Errorf("%d pages", asked)
	}
	seen := 0
	for _, err = range page.All(context.Background()) {
		seen++
	}
	if !errors.Is(err, ErrUnauthorized) || seen != 3 {
		t.Error("a page that fails ends the walk with its error:", seen, err)
	}
}
