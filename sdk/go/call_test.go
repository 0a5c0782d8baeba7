package claudemesh

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

const sentAnswer = `{"client_message_id":"x","outbox_id":1,"state":"queued","duplicate":false,"unknown_here":{}}`

func TestASendWhoseAnswerIsLostIsRepeatedWithTheIDThatWasMadeFirst(t *testing.T) {
	daemon := newScripted(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n < 3 {
			cut(w)
			return
		}
		say(w, sentAnswer)
	})
	client, _ := daemon.client(t)
	if _, err := client.Send(context.Background(), SendRequest{To: "@bob", Message: "hi"}); err != nil {
		t.Fatal(err)
	}
	seen := daemon.requests()
	if len(seen) != 4 {
		t.Fatalf("%d requests", len(seen))
	}
	id, _ := seen[0].body["client_message_id"].(string)
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("%q is no UUIDv7", id)
	}
	for _, request := range seen {
		if request.body["client_message_id"] != id {
			t.Errorf("repeated as %v", request.body["client_message_id"])
		}
	}
}

func TestTwoSendsHaveTwoIDs(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, sentAnswer) })
	client, _ := daemon.client(t)
	for range 2 {
		if _, err := client.Send(context.Background(), SendRequest{To: "@bob", Message: "hi"}); err != nil {
			t.Fatal(err)
		}
	}
	if seen := daemon.requests(); seen[0].body["client_message_id"] == seen[1].body["client_message_id"] {
		t.Error("one id for two messages")
	}
}

func TestWhatIsRetryableIsTriedSixTimesAndNothingElseTwice(t *testing.T) {
	for _, try := range []struct {
		status   int
		code     string
		more     string
		attempts int
	}{
		{503, "stopping", "", 6},
		{429, "rate_limited", "", 6},
		{404, "unknown_destination", "", 1},
		{409, "idempotency_key_reused", `,"conflict":"outbox_done_fingerprint_mismatch"`, 1},
		{418, "of_a_later_daemon", `,"retryable":true`, 6},
		{418, "of_a_later_daemon", `,"retryable":false`, 1},
		{418, "of_a_later_daemon", "", 1},
	} {
		daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { problem(w, try.status, try.code, try.more) })
		client, _ := daemon.client(t)
		_, err := client.Send(context.Background(), SendRequest{To: "@bob", Message: "hi"})
		var told *Error
		if !errors.As(err, &told) || !errors.Is(err, ErrorCode(try.code)) || told.Message != "what happened" || told.Status != try.status {
			t.Errorf("%+v: %#v", try, err)
		}
		seen := daemon.requests()
		if id, given := told.Details["client_message_id"]; given != told.Retryable || given && id != seen[0].body["client_message_id"] {
			t.Errorf("%+v: the id is %v", try, id)
		}
		if got := len(seen); got != try.attempts {
			t.Errorf("%+v: %d attempts", try, got)
		}
	}
}

func TestWhatMustNotBeDoneTwiceIsAskedOnce(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { cut(w) })
	client, _ := daemon.client(t)
	ctx := context.Background()
	calls := map[string]func() error{
		"claim":   func() error { _, err := client.Queues.Claim(ctx, "q", QueueClaim{}); return err },
		"nack":    func() error { _, err := client.Queues.Nack(ctx, "q", "l", QueueNack{}); return err },
		"create":  func() error { _, err := client.Topics.Create(ctx, "t"); return err },
		"requeue": func() error { _, err := client.Outbox.Requeue(ctx, 1, OutboxRequeue{}); return err },
		"drop":    func() error { _, err := client.Outbox.Drop(ctx, 1, false); return err },
		"delete":  func() error { return client.Queues.Delete(ctx, "q", true) },
		"put": func() error {
			_, err := client.Files.Put(ctx, FileToSend{Name: "f", Bytes: 1, Content: strings.NewReader("x")})
			return err
		},
	}
	for name, call := range calls {
		before := len(daemon.requests())
		if err := call(); !errors.Is(err, ErrOutcomeUnknown) {
			t.Errorf("%s: %v", name, err)
		}
		if asked := len(daemon.requests()) - before; asked != 1 {
			t.Errorf("%s was asked for %d times", name, asked)
		}
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	daemon := newScripted(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 0:
			w.Header().Set("Retry-After", "7")
			problem(w, 429, "rate_limited", "")
		case 1:
			problem(w, 429, "rate_limited", `,"retry_after_ms":9000`)
		default:
			say(w, sentAnswer)
		}
	})
	client, pauses := daemon.client(t)
	if _, err := client.Send(context.Background(), SendRequest{To: "@bob", Message: "hi"}); err != nil {
		t.Fatal(err)
	}
	if got := *pauses; len(got) != 2 || got[0] != 7*time.Second || got[1] != 9*time.Second {
		t.Error(got)
	}
}

func TestPausesGrowAndAreNeverAboveTheirBounds(t *testing.T) {
	for retry := range 100 {
		bound := min(backoffCap, backoffBase<<min(retry, 20))
		for range 100 {
			if pause := fullJitter(retry); pause < 0 || pause >= bound {
				t.Fatalf("retry %d: %v", retry, pause)
			}
		}
	}
}

func TestACallEndsWithItsContextWhateverTheDaemonDoes(t *testing.T) {
	asked := make(chan struct{}, 1)
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	})
	client, _ := daemon.client(t)

	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := client.Health(ctx); !errors.Is(err, context.Canceled) {
		t.Error("canceled:", err)
	}

	late := newEnding()
	go func() {
		<-asked
		late.end()
	}()
	if _, err := client.Health(late); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrTimedOut) {
		t.Error("too late:", err)
	}
}

func TestTimeThatIsOverBetweenAttemptsIsToldWithWhatWentWrongLast(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { problem(w, 503, "stopping", "") })
	client, _ := daemon.client(t)
	ctx, cancel := context.WithCancel(context.Background())
	client.pause = func(context.Context, time.Duration) error {
		cancel()
		return ctx.Err()
	}
	if _, err := client.Health(ctx); !errors.Is(err, ErrStopping) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestNoDaemonIsNotRunningAtOnceAndOneThatWasReachedIsRestarting(t *testing.T) {
	client, pauses := hasty(t, Target{SocketPath: t.TempDir() + "/sock"})
	_, err := client.Health(context.Background())
	var told *Error
	if !errors.As(err, &told) || told.Code != ErrNotRunning || told.Hint != "claudemesh up" || told.Retryable || len(*pauses) != 0 {
		t.Errorf("%#v after %v", err, *pauses)
	}

	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { problem(w, 503, "stopping", "") })
	client, _ = daemon.client(t)
	attempts := 0
	client.pause = func(context.Context, time.Duration) error {
		attempts++
		daemon.server.Listener.Close()
		return nil
	}
	client.transport.kept.DisableKeepAlives = true
	if _, err := client.Health(context.Background()); !errors.Is(err, ErrNotRunning) || attempts != 5 {
		t.Errorf("%v after %d pauses", err, attempts)
	}
}

func TestAPathThatIsTooLongForASocketIsNotRunning(t *testing.T) {
	client, _ := hasty(t, Target{SocketPath: "/" + strings.Repeat("x", 200)})
	if _, err := client.Health(context.Background()); !errors.Is(err, ErrNotRunning) {
		t.Error(err)
	}
}

func TestAnswersThatAreNoneAreProtocolErrors(t *testing.T) {
	for _, text := range []string{"", "null", "[]", "1", "{", `{"status":1}`, "{\"status\":\"\xff\"}", "<html>"} {
		daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, text) })
		client, _ := daemon.client(t)
		if _, err := client.Health(context.Background()); !errors.Is(err, ErrProtocolError) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"", "null", "[]", `{"code":1}`, `{"detail":"x"}`, `{"code":"No Code"}`, "<html>"} {
		daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			say(w, text)
		})
		client, _ := daemon.client(t)
		if _, err := client.Health(context.Background()); !errors.Is(err, ErrProtocolError) {
			t.Errorf("refused with %q: %v", text, err)
		}
	}
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, `{"next_cursor":null}`) })
	client, _ := daemon.client(t)
	if _, err := client.Inbox.List(context.Background(), InboxFilter{}); !errors.Is(err, ErrProtocolError) {
		t.Errorf("a page without items: %v", err)
	}
	if _, err := client.Topics.List(context.Background()); !errors.Is(err, ErrProtocolError) {
		t.Errorf("a list without items: %v", err)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/v1/version", http.StatusFound)
	})
	client, _ := daemon.client(t)
	if _, err := client.Health(context.Background()); !errors.Is(err, ErrProtocolError) {
		t.Error(err)
	}
	for _, request := range daemon.requests() {
		if request.line != "GET /v1/health" {
			t.Error(request.line)
		}
	}
}

func TestTheTokenIsSentOverTCPAndOnlyThere(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, "{}") })
	client, _ := daemon.client(t)
	if _, err := client.Health(context.Background()); err != nil {
		t.Fatal(err)
	}
	if agent := daemon.requests()[0].header.Get("User-Agent"); agent != "claudemesh-go/"+SDKVersion {
		t.Error(agent)
	}
	if given := daemon.requests()[0].header.Get("Authorization"); given != "" {
		t.Error(given)
	}
}

func TestAProblemKeepsItsDetailsAndHint(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		problem(w, 404, "unknown_destination", `,"hint":"did you mean @bob?","suggestions":["@bob"]`)
	})
	client, _ := daemon.client(t)
	_, err := client.Send(context.Background(), SendRequest{To: "@bbo", Message: "hi"})
	var told *Error
	if !errors.As(err, &told) || told.Hint != "did you mean @bob?" {
		t.Fatalf("%#v", err)
	}
	if details, _ := json.Marshal(told.Details); string(details) != `{"suggestions":["@bob"]}` {
		t.Errorf("%s", details)
	}
	if want := "what happened (unknown_destination; did you mean @bob?)"; err.Error() != want {
		t.Error(err)
	}
	if errors.Is(err, ErrNotFound) || errors.Is(err, context.Canceled) {
		t.Error("it is of one code only")
	}
}

func TestWhatIsSentHasItsMetaInCanonicalFormAndTellsAnEmptyBodyFromNone(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, sentAnswer) })
	client, _ := daemon.client(t)
	for _, try := range []struct {
		request SendRequest
		body    string
	}{
		{SendRequest{To: "#t", Message: "hi", ClientMessageID: "x"}, `{"client_message_id":"x","message":"hi","to":"#t"}`},
		{SendRequest{To: "#t", Body: Bytes{}, ClientMessageID: "x"}, `{"body":"","client_message_id":"x","to":"#t"}`},
		{SendRequest{To: "#t", Body: Bytes{0xfb, 0xff}, ClientMessageID: "x"}, `{"body":"-_8","client_message_id":"x","to":"#t"}`},
		{SendRequest{To: "#t", Body: Bytes{}, ClientMessageID: "x", Meta: map[string]any{"b": 1, "a": 1e21}},
			`{"body":"","client_message_id":"x","meta":{"a":1e+21,"b":1},"to":"#t"}`},
		{SendRequest{To: "#t", Body: Bytes{}, ClientMessageID: "x", Meta: map[string]any{}}, `{"body":"","client_message_id":"x","to":"#t"}`},
	} {
		if _, err := client.Send(context.Background(), try.request); err != nil {
			t.Fatal(err)
		}
		seen := daemon.requests()
		if body, _ := json.Marshal(seen[len(seen)-1].body); string(body) != try.body {
			t.Errorf("%s, want %s", body, try.body)
		}
	}
}

func TestTextsThatAreNotUTF8AreRefusedBeforeAnythingIsSent(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, sentAnswer) })
	client, _ := daemon.client(t)
	ctx := context.Background()
	for name, call := range map[string]func(text string) error{
		"message": func(text string) error { _, err := client.Send(ctx, SendRequest{To: "#t", Message: text}); return err },
		"mentions": func(text string) error {
			_, err := client.Send(ctx, SendRequest{To: "#t", Mentions: []string{text}})
			return err
		},
		"meta": func(text string) error {
			_, err := client.Send(ctx, SendRequest{To: "#t", Meta: map[string]any{text: 1}})
			return err
		},
		"attachments": func(text string) error {
			_, err := client.Send(ctx, SendRequest{To: "#t", Attachments: []SendAttachment{{Name: text}}})
			return err
		},
		"topic": func(text string) error { _, err := client.Topics.Create(ctx, text); return err },
		"reason": func(text string) error {
			_, err := client.Queues.Nack(ctx, "q", "l", QueueNack{Reason: text})
			return err
		},
		"patch": func(text string) error {
			_, err := client.Outbox.Requeue(ctx, 1, OutboxRequeue{Patch: &OutboxPatch{Message: text}})
			return err
		},
	} {
		if err := call("a\xff"); !errors.Is(err, ErrInvalidUTF8) {
			t.Errorf("%s: %v", name, err)
		}
		if err := call("a\xed\xa0\x80"); !errors.Is(err, ErrLoneSurrogate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if seen := daemon.requests(); len(seen) != 0 {
		t.Error(seen)
	}
}

func TestNamesStandInPathsWhateverTheyHold(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, "{}") })
	client, _ := daemon.client(t)
	ctx := context.Background()
	_, _ = client.Topics.Join(ctx, "#a/b?c d")
	_, _ = client.Queues.Show(ctx, "queue:a%2f")
	_, _ = client.Message(ctx, "0123:build#4&2")
	_, _ = client.Topics.Leave(ctx, "..")
	_, _ = client.Inbox.Search(ctx, "a&b=ü", PageOptions{Limit: 3, Cursor: "x+y"})
	for index, want := range []string{
		"POST /v1/topics/a%2Fb%3Fc%20d/subscribe",
		"GET /v1/queues/a%252f",
		"GET /v1/messages/0123:build%234&2",
		"POST /v1/topics/%2E%2E/unsubscribe",
		"GET /v1/inbox/search?cursor=x%2By&limit=3&q=a%26b%3D%C3%BC",
	} {
		if got := daemon.requests()[index].line; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestWhatARefusalSaysIsSafeForATerminal(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"code":"invalid_field","detail":"a\u001b[31m\u009b\r\nb\u202e","hint":"\u001b]0;t\u0007"}`)
	})
	client, _ := daemon.client(t)
	_, err := client.Health(context.Background())
	if want := `a\x1b[31m\x9b\x0d` + "\n" + `b\u202e (invalid_field; \x1b]0;t\x07)`; err == nil || err.Error() != want {
		t.Errorf("%q", err)
	}
}

func TestATokenThatIsNoneIsRefusedAndNotShown(t *testing.T) {
	_, err := Connect(Target{Port: 1, Token: "secret\r\nx: y"})
	if !errors.Is(err, ErrUsage) || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}
