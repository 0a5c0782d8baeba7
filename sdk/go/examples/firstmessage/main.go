// Command firstmessage sends one message to its own sender, and reads it.
package main

import (
	"context"
	"fmt"
	"log"

	claudemesh "github.com/claudemesh/claudemesh/sdk/go"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	// The daemon that `claudemesh up` started, found as the command line finds it.
	mesh, err := claudemesh.Connect(claudemesh.Target{})
	if err != nil {
		return err
	}
	defer mesh.Close()
	health, err := mesh.Health(ctx)
	if err != nil {
		return err
	}

	// Delivered when this answers: on disk at the receiver, which here is the sender itself.
	sent, err := mesh.SendAndWait(ctx, claudemesh.SendRequest{
		To:              health.Member.Address,
		Message:         "the build is green",
		Meta:            map[string]int{"build": 42},
		ClientMessageID: "build-42",
	}, claudemesh.ReceiptStageDelivered)
	if err != nil {
		return err
	}
	fmt.Println("delivered", sent.ClientMessageID)

	unread, err := mesh.Inbox.List(ctx, claudemesh.InboxFilter{Unread: true})
	if err != nil {
		return err
	}
	for item, err := range unread.All(ctx) {
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s %v\n", item.From, item.Text(), item.Meta)
		if _, err := mesh.Inbox.MarkRead(ctx, item.InboxID); err != nil {
			return err
		}
	}
	return nil
}
