package claudemesh_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	claudemesh "github.com/claudemesh/claudemesh/sdk/go"
)

// program is the command line of the repository that this module is in.
const program = "../../claudemesh"

// host is a home with a daemon and a broker of its own, for all tests of this package.
var host struct {
	once sync.Once
	home string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if host.home != "" {
		if text, err := onHost("down"); err != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", err, text)
			code = 1
		}
		os.RemoveAll(host.home)
	}
	os.Exit(code)
}

// live is a client of a running daemon, whose member is @alice.
func live(t *testing.T) (context.Context, *claudemesh.Client) {
	t.Helper()
	if _, err := os.Stat("../../node_modules"); err != nil {
		t.Skip("a live daemon needs the repository that this module is in, set up")
	}
	host.once.Do(func() {
		// Sockets have short names only.
		if host.home, host.err = os.MkdirTemp("", "cm-"); host.err == nil {
			var text []byte
			if text, host.err = onHost("up", "--persistent", "--http", "--name", "alice"); host.err != nil {
				host.err = fmt.Errorf("%w\n%s", host.err, text)
			}
		}
	})
	if host.err != nil {
		t.Fatal(host.err)
	}
	client, err := claudemesh.Connect(claudemesh.Target{Home: host.home})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx, client
}

func onHost(words ...string) ([]byte, error) {
	path, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	command := exec.Command(path, words...)
	command.Env = append(os.Environ(), "CLAUDEMESH_HOME="+host.home, "CLAUDEMESH_MESH=")
	return command.CombinedOutput()
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestAMessageIsSentWaitedForReceivedAndRead(t *testing.T) {
	ctx, client := live(t)
	health := must[*claudemesh.Health](t)(client.Health(ctx))
	if health.Member.Name != "alice" || health.Link.State != claudemesh.HealthLinkStateConnected {
		t.Fatalf("%+v", health)
	}
	meta := map[string]any{"run": 42.0, "labels": []any{"ü", nil, true}, "wide": 1e30}
	sent := must[*claudemesh.SentMessage](t)(client.SendAndWait(ctx, claudemesh.SendRequest{
		To: "@alice", Message: "build 42 is done", Meta: meta, Priority: claudemesh.PriorityNow, Mentions: []string{"@alice"},
	}, claudemesh.ReceiptStageDelivered))

	found := must[*claudemesh.Page[claudemesh.InboxItem]](t)(client.Inbox.List(ctx, claudemesh.InboxFilter{Newest: true}))
	item := found.Items[0]
	if *item.Message != "build 42 is done" || item.BrokerMessageID != *sent.Message.BrokerMessageID || !item.Verified || item.ReadAt != nil {
		t.Fatalf("%+v", item)
	}
	if got, _ := json.Marshal(item.Meta); string(got) != `{"labels":["ü",null,true],"run":42,"wide":1e+30}` {
		t.Errorf("%s", got)
	}
	read := must[*claudemesh.InboxItem](t)(client.Inbox.MarkRead(ctx, item.InboxID))
	again := must[*claudemesh.InboxItem](t)(client.Inbox.Item(ctx, item.InboxID))
	if read.ReadAt == nil || again.ReadAt == nil || *again.ReadAt != *read.ReadAt {
		t.Errorf("%v %v", read.ReadAt, again.ReadAt)
	}
	must[*claudemesh.Message](t)(client.WaitFor(ctx, sent.ClientMessageID, claudemesh.ReceiptStageRead))

	for name, list := range map[string]func() (*claudemesh.Page[claudemesh.InboxItem], error){
		"search": func() (*claudemesh.Page[claudemesh.InboxItem], error) {
			return client.Inbox.Search(ctx, "build", claudemesh.PageOptions{})
		},
		"mentions": func() (*claudemesh.Page[claudemesh.InboxItem], error) {
			return client.Mentions(ctx, claudemesh.PageOptions{})
		},
	} {
		if page := must[*claudemesh.Page[claudemesh.InboxItem]](t)(list()); len(page.Items) == 0 {
			t.Errorf("%s finds nothing", name)
		}
	}
	for name, list := range map[string]func() (*claudemesh.Page[claudemesh.HistoryItem], error){
		"history": func() (*claudemesh.Page[claudemesh.HistoryItem], error) {
			return client.History(ctx, "dm", claudemesh.PageOptions{})
		},
		"mention history": func() (*claudemesh.Page[claudemesh.HistoryItem], error) {
			return client.MentionHistory(ctx, claudemesh.PageOptions{})
		},
	} {
		page := must[*claudemesh.Page[claudemesh.HistoryItem]](t)(list())
		if len(page.Items) == 0 || page.Items[0].Unavailable != "" || page.Items[0].To != "@alice" {
			t.Errorf("%s: %+v", name, page.Items)
		}
	}
	if page := must[*claudemesh.Page[claudemesh.Undecryptable]](t)(client.Inbox.Undecryptable(ctx, claudemesh.PageOptions{})); len(page.Items) != 0 {
		t.Errorf("%+v", page.Items)
	}
	if members := must[[]claudemesh.Member](t)(client.Members(ctx)); len(members) != 1 || !members[0].Self {
		t.Errorf("%+v", members)
	}
	if version := must[*claudemesh.Version](t)(client.Version(ctx)); version.Daemon != claudemesh.SDKVersion {
		t.Errorf("%+v", version)
	}
}

func TestTheSameIDIsTheSameMessageAndTheDaemonComputesTheSameFingerprint(t *testing.T) {
	ctx, client := live(t)
	request := claudemesh.SendRequest{
		To: "@alice", Body: claudemesh.Bytes{0, 0xff}, Meta: map[string]int{"b": 1, "a": 2}, ClientMessageID: "build-42",
		Mentions: []string{"@alice"}, Priority: claudemesh.PriorityLow,
	}
	first := must[*claudemesh.SendResult](t)(client.Send(ctx, request))
	must[*claudemesh.Message](t)(client.WaitFor(ctx, "build-42", claudemesh.ReceiptStageAccepted))
	request.Meta = json.RawMessage(` {"a":2.0, "b":1} `)
	again := must[*claudemesh.SendResult](t)(client.Send(ctx, request))
	if !again.Duplicate || again.OutboxID != first.OutboxID || again.HistoryID == nil {
		t.Errorf("%+v after %+v", again, first)
	}

	request.Message, request.Body = "another", nil
	_, err := client.Send(ctx, request)
	var told *claudemesh.Error
	if !errors.As(err, &told) || !errors.Is(err, claudemesh.ErrIdempotencyKeyReused) || told.Details["conflict"] != "outbox_done_fingerprint_mismatch" {
		t.Fatalf("%#v", err)
	}
	request.Message, request.Body = "", claudemesh.Bytes{0, 0xff}
	local, err := claudemesh.LocalFingerprint(request, meshID(t))
	if prefix, _ := told.Details["daemon_fingerprint_prefix"].(string); err != nil || len(prefix) != 16 || !strings.HasPrefix(local, prefix) {
		t.Errorf("%s, and the daemon's begins with %s: %v", local, told.Details["daemon_fingerprint_prefix"], err)
	}
}

// meshID is the mesh's id, which the daemon's folder has.
func meshID(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(host.home, "daemon", "*", "mesh.json"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	text := must[[]byte](t)(os.ReadFile(files[0]))
	var mesh struct {
		MeshID string `json:"mesh_id"`
	}
	if err := json.Unmarshal(text, &mesh); err != nil || mesh.MeshID == "" {
		t.Fatalf("%s %v", text, err)
	}
	return mesh.MeshID
}

func TestTopicsAreMadeListedLeftAndJoined(t *testing.T) {
	ctx, client := live(t)
	topic := must[*claudemesh.Topic](t)(client.Topics.Create(ctx, "#builds"))
	if topic.Name != "builds" || !topic.Subscribed {
		t.Fatalf("%+v", topic)
	}
	if members := must[[]claudemesh.TopicMember](t)(client.Topics.Members(ctx, "builds")); len(members) != 1 || members[0].Name != "alice" {
		t.Errorf("%+v", members)
	}
	must[*claudemesh.SentMessage](t)(client.SendAndWait(ctx, claudemesh.SendRequest{To: "#builds", Message: "green"}, claudemesh.ReceiptStageAccepted))
	if left := must[*claudemesh.Topic](t)(client.Topics.Leave(ctx, "builds")); left.Subscribed {
		t.Errorf("%+v", left)
	}
	if joined := must[*claudemesh.Topic](t)(client.Topics.Join(ctx, "#builds")); !joined.Subscribed {
		t.Errorf("%+v", joined)
	}
	names := map[string]bool{}
	for _, topic := range must[[]claudemesh.Topic](t)(client.Topics.List(ctx)) {
		names[topic.Name] = true
	}
	if !names["builds"] || !names["all"] {
		t.Error(names)
	}
	if _, err := client.Topics.Create(ctx, "builds"); !errors.Is(err, claudemesh.ErrAlreadyExists) {
		t.Error(err)
	}
}

func TestAQueueIsWorkedOnUntilNothingIsLeft(t *testing.T) {
	ctx, client := live(t)
	queue := must[*claudemesh.Queue](t)(client.Queues.Create(ctx, "queue:jobs", 2))
	if queue.Name != "jobs" || queue.DeliveriesMax != 2 {
		t.Fatalf("%+v", queue)
	}
	for number := range 4 {
		must[*claudemesh.SendResult](t)(client.Send(ctx, claudemesh.SendRequest{To: "queue:jobs", Message: fmt.Sprint(number)}))
	}
	working, stop := context.WithCancel(ctx)
	handled, failures := []string{}, 0
	done, err := client.Queues.Work(working, "jobs", claudemesh.WorkOptions{
		OnFailure: func(_ claudemesh.ClaimedMessage, failure error, became claudemesh.LeaseEndedState) {
			failures++
			if became == claudemesh.LeaseEndedStateDead && len(handled) == 3 {
				stop()
			}
		},
	}, func(_ context.Context, message claudemesh.ClaimedMessage) error {
		if *message.Message == "2" {
			return errors.New("not today")
		}
		handled = append(handled, *message.Message)
		if failures == 2 && len(handled) == 3 {
			stop()
		}
		return nil
	})
	if err != nil || done != 3 || failures != 2 {
		t.Fatal(done, failures, err)
	}
	dead := must[*claudemesh.Page[claudemesh.DeadLetter]](t)(client.Queues.Dead(ctx, "jobs", claudemesh.PageOptions{}))
	if len(dead.Items) != 1 || *dead.Items[0].Reason != "not today" {
		t.Fatalf("%+v", dead.Items)
	}
	if none := must[int64](t)(client.Queues.Requeue(ctx, "jobs", []int64{})); none != 0 {
		t.Error("no ids are not all of them:", none)
	}
	if all := must[int64](t)(client.Queues.Requeue(ctx, "jobs", nil)); all != 1 {
		t.Error(all)
	}
	claimed := must[[]claudemesh.ClaimedMessage](t)(client.Queues.Claim(ctx, "jobs", claudemesh.QueueClaim{WaitS: 10, Limit: 3}))
	if len(claimed) != 1 {
		t.Fatalf("%+v", claimed)
	}
	must[*claudemesh.LeaseExtended](t)(client.Queues.Extend(ctx, "jobs", claimed[0].LeaseID, 120))
	must[*claudemesh.LeaseEnded](t)(client.Queues.Ack(ctx, "jobs", claimed[0].LeaseID))
	if _, err := client.Queues.Ack(ctx, "jobs", "1-none"); !errors.Is(err, claudemesh.ErrLeaseLost) && !errors.Is(err, claudemesh.ErrInvalidField) {
		t.Error(err)
	}
	if shown := must[*claudemesh.Queue](t)(client.Queues.Show(ctx, "jobs")); shown.Messages.Dead != 0 {
		t.Errorf("%+v", shown)
	}
	if err := client.Queues.Delete(ctx, "jobs", true); err != nil {
		t.Fatal(err)
	}
	if queues := must[[]claudemesh.Queue](t)(client.Queues.List(ctx)); len(queues) != 0 {
		t.Errorf("%+v", queues)
	}
}

func TestFilesTravelWithAMessage(t *testing.T) {
	ctx, client := live(t)
	content := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
	file := must[*claudemesh.File](t)(client.Files.Put(ctx, claudemesh.FileToSend{
		Name: "report.bin", ContentType: "application/x-report", Bytes: int64(len(content)), Content: bytes.NewReader(content),
	}))
	must[*claudemesh.SentMessage](t)(client.SendAndWait(ctx, claudemesh.SendRequest{
		To: "@alice", Message: "the report", Attachments: []claudemesh.SendAttachment{{FileID: file.FileID}},
	}, claudemesh.ReceiptStageDelivered))
	page := must[*claudemesh.Page[claudemesh.InboxItem]](t)(client.Inbox.Search(ctx, "report", claudemesh.PageOptions{}))
	brought := claudemesh.InInbox(page.Items[0].InboxID)
	listed := must[[]claudemesh.Attachment](t)(client.Files.List(ctx, brought))
	if len(listed) != 1 || listed[0].ContentType != "application/x-report" || listed[0].Name != "report.bin" {
		t.Fatalf("%+v", listed)
	}
	for _, from := range []int64{0, 100_001} {
		taken := must[*claudemesh.TakenFile](t)(client.Files.Take(ctx, brought, file.FileID, from))
		got, err := io.ReadAll(taken)
		taken.Close()
		if err != nil || !bytes.Equal(got, content[from:]) || taken.Bytes != int64(len(got)) {
			t.Error(from, len(got), err)
		}
	}
}

func TestEventsBringWhatIsSentAndGoOnOverARestart(t *testing.T) {
	ctx, client := live(t)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	opened := make(chan struct{}, 8)
	texts := make(chan string, 8)
	ended := make(chan error, 1)
	go func() {
		var last error
		for event, err := range client.Events(ctx, claudemesh.EventsOptions{OnOpen: func() { opened <- struct{}{} }}) {
			if last = err; err == nil && event.Event == claudemesh.EventNameMessage {
				var item claudemesh.InboxItem
				if last = event.Decode(&item); last == nil {
					texts <- *item.Message
				}
			}
		}
		ended <- last
	}()
	<-opened
	for index, text := range []string{"before", "after"} {
		if index == 1 {
			if text, err := onHost("down"); err != nil {
				t.Fatalf("%v %s", err, text)
			}
			if text, err := onHost("up", "--persistent", "--http", "--name", "alice"); err != nil {
				t.Fatalf("%v %s", err, text)
			}
			<-opened
		}
		must[*claudemesh.SendResult](t)(client.Send(ctx, claudemesh.SendRequest{To: "@alice", Message: text}))
		if got := <-texts; got != text {
			t.Errorf("%s, want %s", got, text)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestOneClientServesManyAtOnce(t *testing.T) {
	ctx, client := live(t)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for number := range 5 {
				id := fmt.Sprintf("worker-%d-%d", worker, number)
				if _, err := client.Send(ctx, claudemesh.SendRequest{To: "@alice", Message: id, ClientMessageID: id}); err != nil {
					t.Error(err)
				}
				if _, err := client.WaitFor(ctx, id, claudemesh.ReceiptStageAccepted); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
	page := must[*claudemesh.Page[claudemesh.OutboxRow]](t)(client.Outbox.List(ctx, claudemesh.OutboxFilter{
		State: claudemesh.OutboxStatusDone, PageOptions: claudemesh.PageOptions{Limit: 7},
	}))
	seen := map[string]int{}
	for row, err := range page.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		seen[row.ClientMessageID]++
	}
	for worker := range 8 {
		if id := fmt.Sprintf("worker-%d-4", worker); seen[id] != 1 {
			t.Errorf("%s: %d times", id, seen[id])
		}
	}
}

func TestTheDaemonIsReachedByPortAndTokenToo(t *testing.T) {
	ctx, client := live(t)
	must[*claudemesh.Health](t)(client.Health(ctx))
	folder := filepath.Join(host.home, "daemon", "local")
	var port int
	if _, err := fmt.Sscan(string(must[[]byte](t)(os.ReadFile(filepath.Join(folder, "http.port")))), &port); err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(string(must[[]byte](t)(os.ReadFile(filepath.Join(folder, "local_token")))))
	overTCP := must[*claudemesh.Client](t)(claudemesh.Connect(claudemesh.Target{Port: port, Token: token}))
	defer overTCP.Close()
	if health := must[*claudemesh.Health](t)(overTCP.Health(ctx)); health.Member.Name != "alice" {
		t.Errorf("%+v", health)
	}
	wrong := must[*claudemesh.Client](t)(claudemesh.Connect(claudemesh.Target{Port: port, Token: "wrong"}))
	defer wrong.Close()
	if _, err := wrong.Health(ctx); !errors.Is(err, claudemesh.ErrUnauthorized) {
		t.Error(err)
	}
}

func TestRowsThatAreDoneAreNeitherRequeuedNorDropped(t *testing.T) {
	ctx, client := live(t)
	sent := must[*claudemesh.SentMessage](t)(client.SendAndWait(ctx, claudemesh.SendRequest{To: "@alice", Message: "x"}, claudemesh.ReceiptStageAccepted))
	if row := must[*claudemesh.OutboxRow](t)(client.Outbox.Inspect(ctx, sent.OutboxID)); row.Status != claudemesh.OutboxStatusDone {
		t.Errorf("%+v", row)
	}
	patch := &claudemesh.OutboxPatch{Meta: map[string]any{}, Message: "y"}
	if _, err := client.Outbox.Requeue(ctx, sent.OutboxID, claudemesh.OutboxRequeue{Patch: patch}); !errors.Is(err, claudemesh.ErrRowNotRequeueable) {
		t.Error(err)
	}
	if _, err := client.Outbox.Drop(ctx, sent.OutboxID, true); err == nil {
		t.Error("a row that is done was dropped")
	}
	_, err := client.Send(ctx, claudemesh.SendRequest{To: "@alcie", Message: "x"})
	var told *claudemesh.Error
	if !errors.As(err, &told) || told.Code != claudemesh.ErrUnknownDestination || !strings.Contains(told.Hint, "@alice") {
		t.Errorf("%#v", err)
	}
}
