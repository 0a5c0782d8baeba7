// Package claudemesh sends and reads messages of a mesh through the claudemesh daemon of this host.
//
//	client, err := claudemesh.Connect(claudemesh.Target{})
//	...
//	sent, err := client.SendAndWait(ctx, claudemesh.SendRequest{To: "@bob", Message: "build 42 is done"},
//		claudemesh.ReceiptStageDelivered)
//
// The words are those of the other languages and of the command line. Errors are [*Error]; decide by their code:
// errors.Is(err, claudemesh.ErrNotRunning).
package claudemesh
