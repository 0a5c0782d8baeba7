// Command tour is everything that docs/sdk.md shows, in one program. It runs against the daemon that the environment
// names.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	claudemesh "github.com/claudemesh/claudemesh/sdk/go"
)

func main() {
	ctx := context.Background()
	mesh, err := claudemesh.Connect(claudemesh.Target{})
	if err != nil {
		log.Fatal(err)
	}
	defer mesh.Close()
	health, err := mesh.Health(ctx)
	if err != nil {
		log.Fatal(err)
	}
	me := health.Member.Address
	for _, show := range []func(context.Context, *claudemesh.Client, string) error{
		sending, reading, topics, events, working, refusals, withoutDaemon,
	} {
		if err := show(ctx, mesh, me); err != nil {
			log.Fatal(err)
		}
	}
}

func sending(ctx context.Context, mesh *claudemesh.Client, me string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	green := claudemesh.SendRequest{
		To:              me,
		Message:         "the build is green",
		ClientMessageID: "build-42",
		Meta:            map[string]int{"build": 42},
	}
	sent, err := mesh.SendAndWait(ctx, green, claudemesh.ReceiptStageDelivered)
	if err != nil {
		return err
	}
	for _, reached := range sent.Message.Stages {
		fmt.Println(reached.Stage)
	}

	again, err := mesh.Send(ctx, green)
	if err != nil {
		return err
	}
	fmt.Println(again.Duplicate, *again.HistoryID == *sent.Message.HistoryID)

	message, err := mesh.WaitFor(ctx, "build-42", claudemesh.ReceiptStageAccepted)
	if err != nil {
		return err
	}
	fmt.Println(message.Stages[1].Stage)

	bytes := claudemesh.SendRequest{To: me, Body: claudemesh.Bytes{1, 2, 255}}
	_, err = mesh.SendAndWait(ctx, bytes, claudemesh.ReceiptStageDelivered)
	return err
}

func reading(ctx context.Context, mesh *claudemesh.Client, _ string) error {
	unread, err := mesh.Inbox.List(ctx, claudemesh.InboxFilter{Unread: true})
	if err != nil {
		return err
	}
	for item, err := range unread.All(ctx) {
		if err != nil {
			return err
		}
		fmt.Println(item.From, item.Text(), []byte(item.Body))
		if _, err := mesh.Inbox.MarkRead(ctx, item.InboxID); err != nil {
			return err
		}
	}
	found, err := mesh.Inbox.Search(ctx, "green", claudemesh.PageOptions{})
	if err != nil {
		return err
	}
	for _, item := range found.Items {
		fmt.Println("found", item.Text())
	}
	return nil
}

func topics(ctx context.Context, mesh *claudemesh.Client, me string) error {
	if _, err := mesh.Topics.Create(ctx, "builds"); err != nil {
		return err
	}
	if _, err := mesh.Topics.Join(ctx, "builds"); err != nil {
		return err
	}
	red := claudemesh.SendRequest{To: "#builds", Message: "build 42 is red"}
	if _, err := mesh.SendAndWait(ctx, red, claudemesh.ReceiptStageAccepted); err != nil {
		return err
	}
	history, err := mesh.History(ctx, "#builds", claudemesh.PageOptions{})
	if err != nil {
		return err
	}
	for _, item := range history.Items {
		fmt.Println(item.To, item.Text())
	}
	question := claudemesh.SendRequest{To: me, Message: "was it you?", Mentions: []string{me}}
	if _, err := mesh.SendAndWait(ctx, question, claudemesh.ReceiptStageDelivered); err != nil {
		return err
	}
	mentions, err := mesh.Mentions(ctx, claudemesh.PageOptions{})
	if err != nil {
		return err
	}
	for _, item := range mentions.Items {
		fmt.Println("mentioned:", item.Text())
	}
	return nil
}

func events(ctx context.Context, mesh *claudemesh.Client, me string) error {
	onOpen := func() { _, _ = mesh.Send(ctx, claudemesh.SendRequest{To: me, Message: "hello"}) }
	for event, err := range mesh.Events(ctx, claudemesh.EventsOptions{OnOpen: onOpen}) {
		if err != nil {
			return err
		}
		if event.Event != claudemesh.EventNameMessage {
			continue
		}
		var item claudemesh.InboxItem
		if err := event.Decode(&item); err != nil {
			return err
		}
		fmt.Println(event.Event, item.Text())
		break
	}
	return nil
}

func working(ctx context.Context, mesh *claudemesh.Client, _ string) error {
	if _, err := mesh.Queues.Create(ctx, "jobs", 0); err != nil {
		return err
	}
	job := claudemesh.SendRequest{To: "queue:jobs", Message: "make test"}
	if _, err := mesh.SendAndWait(ctx, job, claudemesh.ReceiptStageAccepted); err != nil {
		return err
	}
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	done, err := mesh.Queues.Work(ctx, "jobs", claudemesh.WorkOptions{},
		func(_ context.Context, job claudemesh.ClaimedMessage) error {
			fmt.Println("working on", job.Text())
			enough()
			return nil
		})
	fmt.Println(done, "done")
	return err
}

func refusals(ctx context.Context, mesh *claudemesh.Client, _ string) error {
	_, err := mesh.Send(ctx, claudemesh.SendRequest{To: "@nobody", Message: "anybody there?"})
	var refused *claudemesh.Error
	if errors.Is(err, claudemesh.ErrUnknownDestination) && errors.As(err, &refused) {
		fmt.Println(refused.Code, refused.Retryable, refused.Hint != "")
		return nil
	}
	return err
}

func withoutDaemon(context.Context, *claudemesh.Client, string) error {
	meta, err := claudemesh.CanonicalMeta(json.RawMessage(`{"b": 1.0, "a": "\u00e9"}`))
	if err != nil {
		return err
	}
	fmt.Println(meta)
	hi := claudemesh.SendRequest{To: "@bob", Message: "hi"}
	fingerprint, err := claudemesh.LocalFingerprint(hi, "0190a6b2-8c4e-7d3a-9f10-2b4c6d8e0f12")
	if err != nil {
		return err
	}
	fmt.Println(len(fingerprint))
	return nil
}
