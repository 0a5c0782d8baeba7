package claudemesh

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

const shown = `{"client_message_id":null,"broker_message_id":"b","history_id":1,"epoch":1,"accepted_at":"t","from":{"member_id":"m","name":null},` +
	`"to":"#t","topic":"t","content_type":"text/plain","message":"","body":"","meta":null,"mentions":[],"reply_to":null,"priority":"next",` +
	`"encrypted":true,"verified":true,"via":null,"sent_at":"t","attachments":[]`

const withheld = `{"client_message_id":"c","broker_message_id":"b","history_id":1,"epoch":1,"accepted_at":"t","verified":false,"unavailable":"why"`

func TestAViewIsWrittenAgainAsItWasRead(t *testing.T) {
	for _, try := range []struct {
		view any
		text string
	}{
		{new(HistoryItem), shown + `}`},
		{new(HistoryItem), withheld + `}`},
		{new(HistoryItem), withheld + `,"from":{"member_id":"m","name":"bob"}}`},
		{new(HistoryItem), strings.Replace(shown, `"encrypted"`, `"hops":0,"encrypted"`, 1) + `}`},
		{new(ClaimedMessage), shown + `,"lease_id":"l","lease_until":"t","deliveries":2}`},
		{new(ClaimedMessage), withheld + `,"lease_id":"l","lease_until":"t","deliveries":2}`},
		{new(DeadLetter), shown + `,"deliveries":5,"reason":null,"died_at":"t","claimed_by":"m"}`},
		{new(InboxItem), shown + `,"inbox_id":3,"agent":null,"received_at":"t","read_at":null}`},
		{new(SendResult), `{"client_message_id":"c","outbox_id":1,"state":"queued","duplicate":false}`},
		{new(SendResult), `{"client_message_id":"c","outbox_id":1,"state":"of a later daemon","duplicate":true,"broker_message_id":"b","history_id":0}`},
		{new(Event), `{"id":4,"event":"of_a_later_daemon","at":"t","data":{"at":"t","new":[1]}}`},
	} {
		if err := json.Unmarshal([]byte(try.text), try.view); err != nil {
			t.Fatal(err)
		}
		written, err := json.Marshal(try.view)
		var before, after any
		if err != nil || json.Unmarshal([]byte(try.text), &before) != nil || json.Unmarshal(written, &after) != nil || !reflect.DeepEqual(before, after) {
			t.Errorf("%T: %s\nwas %s: %v", try.view, written, try.text, err)
		}
	}
}

func TestFieldsAndWordsOfALaterDaemonPass(t *testing.T) {
	var item InboxItem
	text := strings.Replace(shown, `"priority":"next"`, `"priority":"of a later daemon","new":{"a":[1]}`, 1) + `,"inbox_id":3}`
	if err := json.Unmarshal([]byte(text), &item); err != nil || item.Priority != "of a later daemon" || item.InboxID != 3 {
		t.Error(item, err)
	}
}

func TestABodyIsBytesInItsOneSpelling(t *testing.T) {
	for text, want := range map[string]string{`""`: "", `"AAEC"`: "\x00\x01\x02", `"-_8"`: "\xfb\xff"} {
		var body Bytes
		if err := json.Unmarshal([]byte(text), &body); err != nil || string(body) != want || body == nil {
			t.Errorf("%s: %q %v", text, body, err)
		}
	}
	for _, text := range []string{`"AA=="`, `"+/8"`, `"A"`, `"AAF"`, `"AA\nEC"`, `"AA EC"`, `1`} {
		var body Bytes
		if err := json.Unmarshal([]byte(text), &body); err == nil {
			t.Errorf("%s: %q", text, body)
		}
	}
}

func TestSendersAndTextsAreShownWhateverIsKnownOfThem(t *testing.T) {
	name, text := "bob", "hi"
	for got, want := range map[string]string{
		Sender{MemberID: "m", Name: &name}.String(): "bob",
		Sender{MemberID: "m"}.String():              "m",
		InboxItem{Message: &text}.Text():            "hi",
		HistoryItem{}.Text() + ClaimedMessage{}.Text() + DeadLetter{}.Text() + InboxItem{}.Text(): "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestNoIDsOfDeadLettersAreNotAllOfThem(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, `{"requeued":0}`) })
	client, _ := daemon.client(t)
	for _, ids := range [][]int64{nil, {}, {7}} {
		if _, err := client.Queues.Requeue(context.Background(), "q", ids); err != nil {
			t.Fatal(err)
		}
	}
	bodies := []map[string]any{}
	for _, request := range daemon.requests() {
		bodies = append(bodies, request.body)
	}
	want := []map[string]any{{}, {"history_ids": []any{}}, {"history_ids": []any{7.0}}}
	if !reflect.DeepEqual(bodies, want) {
		t.Error(bodies)
	}
}

func TestAPatchHasItsMetaInCanonicalFormAndNullForNone(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, `{}`) })
	client, _ := daemon.client(t)
	for _, change := range []OutboxRequeue{
		{},
		{NewID: "x", Patch: &OutboxPatch{Message: "m"}},
		{Patch: &OutboxPatch{Body: Bytes{}, Meta: map[string]any{}}},
		{Patch: &OutboxPatch{Meta: map[string]any{"b": 1.5, "a": 1}}},
	} {
		if _, err := client.Outbox.Requeue(context.Background(), 1, change); err != nil {
			t.Fatal(err)
		}
	}
	for index, want := range []string{
		`{}`, `{"new_id":"x","patch":{"message":"m"}}`, `{"patch":{"body":"","meta":null}}`, `{"patch":{"meta":{"a":1,"b":1.5}}}`,
	} {
		if body, _ := json.Marshal(daemon.requests()[index].body); string(body) != want {
			t.Errorf("%s, want %s", body, want)
		}
	}
	if _, err := client.Outbox.Requeue(context.Background(), 1, OutboxRequeue{Patch: &OutboxPatch{Meta: json.RawMessage(`{"a":1,"a":1}`)}}); err == nil {
		t.Error("a patch with a key that occurs twice was sent")
	}
}
