package claudemesh

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func entry(id int) string {
	return fmt.Sprintf("id: %d\nevent: receipt\ndata: {\"at\":\"t%d\"}\n\n", id, id)
}

func stream(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/event-stream")
	say(w, text)
}

// take is the ids of the first events, and what ended them.
func take(ctx context.Context, client *Client, options EventsOptions, count int) (ids []int64, failure error) {
	for event, err := range client.Events(ctx, options) {
		if err != nil {
			return ids, err
		}
		if ids = append(ids, event.ID); len(ids) == count {
			break
		}
	}
	return ids, nil
}

func TestEventsGoOnWhereTheStreamBrokeEachOnce(t *testing.T) {
	daemon := newScripted(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		switch n {
		case 0:
			w.Header().Set("Last-Event-ID", "10")
			stream(w, ": nothing yet\n\n")
		case 1:
			stream(w, entry(11)+entry(12)+"id: 13\nevent: receipt\ndata: {\"at\":\"cut")
		case 2:
			cut(w)
		case 3:
			problem(w, 503, "stopping", "")
		case 4:
			stream(w, entry(13)+"id: 14\n\n")
		default:
			stream(w, entry(15))
		}
	})
	client, _ := daemon.client(t)
	opened := 0
	ids, err := take(context.Background(), client, EventsOptions{OnOpen: func() { opened++ }}, 4)
	if err != nil || !reflect.DeepEqual(ids, []int64{11, 12, 13, 15}) {
		t.Fatal(ids, err)
	}
	asked := []string{}
	for _, request := range daemon.requests() {
		asked = append(asked, request.header.Get("Last-Event-ID"))
	}
	if want := []string{"", "10", "12", "12", "12", "14"}; !reflect.DeepEqual(asked, want) || opened != 4 {
		t.Errorf("asked for those after %q, opened %d times", asked, opened)
	}
}

func TestEventsBeginAfterTheOneThatIsNamedAlsoTheFirst(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { stream(w, entry(1)) })
	client, _ := daemon.client(t)
	after := int64(0)
	if _, err := take(context.Background(), client, EventsOptions{After: &after}, 1); err != nil {
		t.Fatal(err)
	}
	if asked := daemon.requests()[0].header.Get("Last-Event-ID"); asked != "0" {
		t.Errorf("after %q", asked)
	}
}

func TestOnlyTheFirstConnectionOfEventsFails(t *testing.T) {
	client, _ := hasty(t, Target{SocketPath: t.TempDir() + "/sock"})
	if _, err := take(context.Background(), client, EventsOptions{}, 1); !errors.Is(err, ErrNotRunning) {
		t.Error(err)
	}
	daemon := newScripted(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 0 {
			stream(w, entry(1))
			return
		}
		problem(w, 401, "unauthorized", "")
	})
	client, _ = daemon.client(t)
	if ids, err := take(context.Background(), client, EventsOptions{}, 9); !errors.Is(err, ErrUnauthorized) || len(ids) != 1 {
		t.Errorf("what repeating cannot mend: %v %v", ids, err)
	}
}

func TestTheEndOfTheContextEndsEventsWithoutAnError(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		stream(w, entry(1))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	client, _ := daemon.client(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	seen := 0
	for event, err := range client.Events(ctx, EventsOptions{}) {
		if err != nil || event.At != "t1" || event.Event != EventNameReceipt {
			t.Fatal(event, err)
		}
		seen++
		cancel()
	}
	if seen != 1 {
		t.Error(seen)
	}
	for range client.Events(ctx, EventsOptions{}) {
		t.Error("an event after the end")
	}
}

func TestWhatIsNoEventOfADaemonEndsTheStreamWithAProtocolError(t *testing.T) {
	endless := strings.Repeat("data: "+strings.Repeat("x", 1<<20)+"\n", 18)
	for name, text := range map[string]string{
		"no object":         "id: 5\ndata: [1]\n\n",
		"no number":         "id: abc\ndata: {}\n\n",
		"a number below 0":  "id: -5\ndata: {}\n\n",
		"a huge number":     "id: " + strings.Repeat("9", 30) + "\ndata: {}\n\n",
		"no UTF-8":          "id: 5\ndata: {\"at\":\"\xff\"}\n\n",
		"lines without end": endless,
		"a line without":    strings.ReplaceAll(endless, "\n", ""),
	} {
		daemon := newScripted(t, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 0 {
				stream(w, entry(4))
				return
			}
			stream(w, text)
		})
		client, _ := daemon.client(t)
		if ids, err := take(context.Background(), client, EventsOptions{}, 9); !errors.Is(err, ErrProtocolError) || len(ids) != 1 {
			t.Error(name, ids, err)
		}
	}
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Last-Event-ID", "x")
		stream(w, "")
	})
	client, _ := daemon.client(t)
	if _, err := take(context.Background(), client, EventsOptions{}, 9); !errors.Is(err, ErrProtocolError) {
		t.Error(err)
	}
}

func TestServerSentEventsAreReadAsTheirStandardSays(t *testing.T) {
	text := ": comment\n\nid: 1\nevent: message\ndata: a\ndata:  b\n\n" + // several lines, one space off
		"data: c\r\ndata: d\r\n\r\n" + // no id of its own, no name
		"id: 2\r\rdata\n\n" + // an id alone; a field without a value
		"id: bad\x00\nevent:x\ndata:d\nother: y\n\n" +
		"data: cut off"
	want := []serverSentEvent{
		{"1", "message", []byte("a\n b")},
		{"1", "message", []byte("c\nd")},
		{"2", "message", []byte("")},
		{"2", "x", []byte("d")},
	}
	for name, reader := range map[string]*sseReader{
		"at once":      newSSEReader(strings.NewReader(text)),
		"byte by byte": newSSEReader(iotest.OneByteReader(strings.NewReader(text))),
	} {
		found := []serverSentEvent{}
		for event, more := reader.next(); more; event, more = reader.next() {
			event.data = append([]byte{}, event.data...)
			found = append(found, event)
		}
		if !reflect.DeepEqual(found, want) || reader.err() != nil {
			t.Errorf("%s: %q %v", name, found, reader.err())
		}
	}
}

func TestALineOfTheStreamThatNeverEndsIsNotHeld(t *testing.T) {
	reader := newSSEReader(strings.NewReader("data: " + strings.Repeat("x", sseBytesMax)))
	if event, more := reader.next(); more || reader.err() == nil {
		t.Error(len(event.data), more)
	}
}

func TestAWaitGoesOnWhenReceiptsCannotBeHeard(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/events" {
			problem(w, 401, "unauthorized", "")
			return
		}
		say(w, `{"outbox_id":1,"status":"done","stages":[{"stage":"accepted","at":""},{"stage":"delivered","at":""}]}`)
	})
	client, _ := daemon.client(t)
	if message, err := client.WaitFor(context.Background(), "x", ReceiptStageDelivered); err != nil || message.OutboxID != 1 {
		t.Error(message, err)
	}
}

func TestAWaitThatFailsTellsTheMessageAsLastSeen(t *testing.T) {
	for name, try := range map[string]struct {
		message string
		code    ErrorCode
	}{
		"dead":          {`"status":"dead","last_error":{"code":"unknown_destination","message":"m"}`, ErrUnknownDestination},
		"of a new code": {`"status":"dead","last_error":{"code":"of_a_later_daemon","message":"m"}`, ErrIDVoid},
		"aborted":       {`"status":"aborted","last_error":null`, ErrIDVoid},
		"undecryptable": {`"status":"done","last_error":{"code":"undecryptable","message":"m"}`, ErrUndecryptable},
		"too late":      {`"status":"pending","last_error":null`, ErrTimedOut},
	} {
		ctx := newEnding()
		looks := 0
		daemon := newScripted(t, func(_ int, w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/events" {
				problem(w, 401, "unauthorized", "")
				return
			}
			if looks++; looks == 2 {
				ctx.end()
			}
			say(w, `{"outbox_id":7,"stages":[{"stage":"queued","at":""}],`+try.message+`}`)
		})
		client, _ := daemon.client(t)
		_, err := client.WaitFor(ctx, "x", ReceiptStageDelivered)
		var told *Error
		if !errors.As(err, &told) || told.Code != try.code {
			t.Errorf("%s: %#v", name, err)
			continue
		}
		if last, _ := told.Details["message"].(*Message); last == nil || last.OutboxID != 7 {
			t.Errorf("%s: %v", name, told.Details)
		}
		if late := errors.Is(err, context.DeadlineExceeded); late != (try.code == ErrTimedOut) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
