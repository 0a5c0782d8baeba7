package claudemesh

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// queueDaemon hands out one message after the other under leases, and answers what ends them as a test says.
type queueDaemon struct {
	*scripted
	mutex   sync.Mutex
	waiting []string
	// said is how leases ended: "ack a".
	said []string
	// answers is the code that a request is refused with, by its last word; the first is taken each time.
	answers map[string][]string
}

func newQueueDaemon(t *testing.T, waiting ...string) *queueDaemon {
	q := &queueDaemon{waiting: waiting, answers: map[string][]string{}}
	q.scripted = newScripted(t, func(_ int, w http.ResponseWriter, r *http.Request) { q.answer(w, r) })
	return q
}

func (q *queueDaemon) answer(w http.ResponseWriter, r *http.Request) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	word := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	if codes := q.answers[word]; len(codes) > 0 {
		q.answers[word] = codes[1:]
		if codes[0] != "" {
			problem(w, 409, codes[0], "")
			return
		}
	}
	switch word {
	case "health":
		say(w, "{}")
	case "claim":
		if len(q.waiting) == 0 {
			say(w, `{"items":[]}`)
			return
		}
		say(w, `{"items":[{"history_id":1,"lease_id":"`+q.waiting[0]+`"`+q.extra()+`}]}`)
		q.waiting = q.waiting[1:]
	case "extend":
		say(w, `{"history_id":1,"lease_until":""}`)
	default:
		seen := q.requests()
		lease, _ := seen[len(seen)-1].body["lease_id"].(string)
		q.said = append(q.said, word+" "+lease)
		say(w, `{"history_id":1,"state":"ready","available_at":null}`)
	}
}

func (q *queueDaemon) extra() string {
	if q.waiting[0] == "unproven" {
		return `,"verified":false,"unavailable":"the signature does not hold"`
	}
	return `,"message":"text"`
}

type becoming struct {
	lease  string
	error  error
	became LeaseEndedState
}

// work works until as many messages have been handled or failed as there were.
func (q *queueDaemon) work(t *testing.T, handler func(context.Context, ClaimedMessage) error) (done int, failed []becoming, err error) {
	client, _ := q.client(t)
	// Extending waits, or else it would do nothing but that.
	client.pause = func(ctx context.Context, delay time.Duration) error {
		if delay >= 20*time.Second {
			return sleep(ctx, delay)
		}
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	left := len(q.waiting)
	options := WorkOptions{OnFailure: func(message ClaimedMessage, failure error, became LeaseEndedState) {
		failed = append(failed, becoming{message.LeaseID, failure, became})
		if message.Unavailable != "" {
			if left--; left == 0 {
				cancel()
			}
		}
	}}
	done, err = client.Queues.Work(ctx, "queue:q", options, func(ctx context.Context, message ClaimedMessage) error {
		if left--; left == 0 {
			cancel()
		}
		return handler(ctx, message)
	})
	return done, failed, err
}

func TestWhatIsDoneIsAcknowledgedAndWhatFailsIsGivenBack(t *testing.T) {
	queue := newQueueDaemon(t, "a", "b", "c")
	broken := errors.New("it\nbroke")
	done, failed, err := queue.work(t, func(_ context.Context, message ClaimedMessage) error {
		if message.LeaseID == "b" {
			return broken
		}
		return nil
	})
	if err != nil || done != 2 || len(failed) != 1 || failed[0] != (becoming{"b", broken, LeaseEndedStateReady}) {
		t.Error(done, failed, err)
	}
	if said := strings.Join(queue.said, ", "); said != "ack a, nack b, ack c" {
		t.Error(said)
	}
	for _, request := range queue.requests() {
		if reason, given := request.body["reason"]; given && reason != "it broke" {
			t.Errorf("%q", reason)
		}
	}
}

func TestFailuresAreLoggedForWhoDoesNotAskToBeToldOfThem(t *testing.T) {
	var logged strings.Builder
	log.SetOutput(&logged)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	queue := newQueueDaemon(t, "a")
	client, _ := queue.client(t)
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := client.Queues.Work(ctx, "q", WorkOptions{}, func(context.Context, ClaimedMessage) error {
		cancel()
		return errors.New("it\nbroke")
	}); err != nil {
		t.Error(err)
	}
	if !strings.HasSuffix(logged.String(), "was not done with (ready): it broke\n") {
		t.Errorf("%q", logged.String())
	}
}

func TestAMessageThatCouldNotBeProvenIsGivenBackUnseen(t *testing.T) {
	queue := newQueueDaemon(t, "unproven")
	done, failed, err := queue.work(t, func(context.Context, ClaimedMessage) error {
		t.Error("the handler saw it")
		return nil
	})
	if err != nil || done != 0 || len(failed) != 1 || !errors.Is(failed[0].error, ErrUndecryptable) || queue.said[0] != "nack unproven" {
		t.Error(done, failed, err, queue.said)
	}
}

func TestWorkOutlastsADaemonThatIsAwayAndEndsWithWhatCannotBeMended(t *testing.T) {
	queue := newQueueDaemon(t, "a", "b")
	queue.answers["claim"] = []string{"stopping", "broker_unreachable", "", "stopping"}
	queue.answers["ack"] = []string{"stopping", "stopping", "stopping", "stopping", "stopping", "stopping", "stopping", ""}
	done, failed, err := queue.work(t, func(context.Context, ClaimedMessage) error { return nil })
	if err != nil || done != 2 || len(failed) != 0 || strings.Join(queue.said, ", ") != "ack a, ack b" {
		t.Error(done, failed, err, queue.said)
	}
	nobody, pauses := hasty(t, Target{SocketPath: t.TempDir() + "/sock"})
	if _, err := nobody.Queues.Work(context.Background(), "q", WorkOptions{}, nil); !errors.Is(err, ErrNotRunning) || len(*pauses) != 0 {
		t.Error("no daemon at all:", err, *pauses)
	}
	queue = newQueueDaemon(t, "a")
	queue.answers["claim"] = []string{"unknown_destination"}
	if _, _, err := queue.work(t, nil); !errors.Is(err, ErrUnknownDestination) {
		t.Error(err)
	}
}

func TestALeaseThatIsLostWhileItIsEndedIsTold(t *testing.T) {
	queue := newQueueDaemon(t, "a")
	queue.answers["ack"] = []string{"lease_lost"}
	done, failed, err := queue.work(t, func(context.Context, ClaimedMessage) error { return nil })
	if err != nil || done != 0 || len(failed) != 1 || failed[0].became != stateLost || !errors.Is(failed[0].error, ErrLeaseLost) {
		t.Error(done, failed, err)
	}
}

func TestTheHandlersContextEndsOnlyWhenItsLeaseIsLost(t *testing.T) {
	queue := newQueueDaemon(t, "a")
	queue.answers["extend"] = append(slices.Repeat([]string{"broker_unreachable"}, 2*attemptsMax), "", "lease_lost")
	client, _ := queue.client(t)
	ctx, cancel := context.WithCancel(context.Background())
	var told error
	var became LeaseEndedState
	done, err := client.Queues.Work(ctx, "q", WorkOptions{OnFailure: func(_ ClaimedMessage, failure error, state LeaseEndedState) {
		told, became = failure, state
	}}, func(lease context.Context, _ ClaimedMessage) error {
		// Ending the work is not ending the lease.
		cancel()
		<-lease.Done()
		return lease.Err()
	})
	if err != nil || done != 0 || !errors.Is(told, context.Canceled) || became != stateLost || len(queue.said) != 0 {
		t.Error(done, err, told, became, queue.said)
	}
}

func TestAReasonIsOneShortLineOfUTF8(t *testing.T) {
	for text, want := range map[string]string{
		"a\n\tb\x00\u0085c":        "a  b  c",
		"\xff":                     "\ufffd",
		strings.Repeat("é", 1_000): strings.Repeat("é", nackCharsMax),
	} {
		if got := reasonOf(errors.New(text)); got != want || !utf8.ValidString(got) {
			t.Errorf("%q", got)
		}
	}
}
