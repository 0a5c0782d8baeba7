package claudemesh_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	claudemesh "github.com/claudemesh/claudemesh/sdk/go"
)

func ExampleClient_SendAndWait() {
	mesh, err := claudemesh.Connect(claudemesh.Target{})
	if err != nil {
		log.Fatal(err)
	}
	defer mesh.Close()
	request := claudemesh.SendRequest{To: "@bob", Message: "build 42 is done", ClientMessageID: "build-42"}
	sent, err := mesh.SendAndWait(context.Background(), request, claudemesh.ReceiptStageDelivered)
	if errors.Is(err, claudemesh.ErrTimedOut) {
		fmt.Println("on its way:", sent.OutboxID)
	}
}

func ExampleClient_Events() {
	mesh, err := claudemesh.Connect(claudemesh.Target{})
	if err != nil {
		log.Fatal(err)
	}
	defer mesh.Close()
	for event, err := range mesh.Events(context.Background(), claudemesh.EventsOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.ID, event.Event)
	}
}

func ExampleQueues_Work() {
	mesh, err := claudemesh.Connect(claudemesh.Target{})
	if err != nil {
		log.Fatal(err)
	}
	defer mesh.Close()
	_, err = mesh.Queues.Work(context.Background(), "jobs", claudemesh.WorkOptions{},
		func(_ context.Context, job claudemesh.ClaimedMessage) error {
			fmt.Println(job.Text())
			return nil
		})
	if err != nil {
		log.Fatal(err)
	}
}

func ExampleCanonicalMeta() {
	meta, err := claudemesh.CanonicalMeta(map[string]any{"wide": 1e21, "build": 42})
	fmt.Println(meta, err)
	_, err = claudemesh.CanonicalMeta(json.RawMessage(`{"a":1,"a":2}`))
	fmt.Println(errors.Is(err, claudemesh.ErrDuplicateKey))
	// Output:
	// {"build":42,"wide":1e+21} <nil>
	// true
}
