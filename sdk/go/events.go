package claudemesh

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"regexp"
	"strconv"
	"unicode/utf8"
)

// Event is something that happened at the daemon.
type Event struct {
	// ID is durable and ascending; 0 for a gap that was found when the stream was opened.
	ID    int64     `json:"id"`
	Event EventName `json:"event"`
	At    string    `json:"at"`
	// Data of a message or a mention is an [InboxItem], of a receipt a [ReceiptEvent].
	Data json.RawMessage `json:"data"`
}

// Decode reads the event's data.
func (e Event) Decode(into any) error { return readObject(e.Data, into) }

// EventsOptions says where a stream begins; the zero value is with what happens from now on.
type EventsOptions struct {
	// After is the event after which it begins; 0 for the oldest that is kept.
	After *int64
	// OnOpen is called whenever a stream stands: from then on nothing is missed.
	OnOpen func()
}

// errStopped says that the caller takes no more events.
var errStopped = errors.New("no more events are taken")

// Events yields what happens at the daemon in order, each once. When the stream breaks, also because the daemon
// restarts, it is opened again where it was, for as long as the caller iterates. The end of the context ends it without
// an error. Only the first connection may fail, and what repeating cannot mend.
func (c *Client) Events(ctx context.Context, options EventsOptions) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream := eventStream{client: c, yield: yield, onOpen: options.OnOpen}
		if options.After != nil {
			stream.last = number(*options.After)
		}
		for failures := 0; ; failures++ {
			opened, err := stream.read(ctx)
			if ctx.Err() != nil || errors.Is(err, errStopped) {
				return
			}
			var told *Error
			// What answers and is no daemon would be asked for ever.
			if err != nil && !(stream.opened && errors.As(err, &told) && passes(told) && told.Code != ErrProtocolError) {
				yield(Event{}, err)
				return
			}
			if opened {
				failures = 0
			}
			if c.pause(ctx, fullJitter(failures)) != nil {
				return
			}
		}
	}
}

// passes tells whether an error is one of a daemon that is away or overloaded, and may be back.
func passes(err *Error) bool { return err.Retryable || err.Code == ErrNotRunning }

type eventStream struct {
	client *Client
	yield  func(Event, error) bool
	onOpen func()
	// last is the newest id that is known; "" before there is one.
	last   string
	opened bool
}

// read yields what one connection tells; nil when the daemon ended it.
func (s *eventStream) read(ctx context.Context) (opened bool, err error) {
	response, err := s.open(ctx)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	if s.last == "" {
		// Tells where a stream without Last-Event-ID begins, so that a break before its first event loses none.
		if s.last = response.Header.Get("Last-Event-ID"); s.last != "" && !isEventID(s.last) {
			return true, notAnAnswer("an event whose id is no number", nil)
		}
	}
	s.opened = true
	if s.onOpen != nil {
		s.onOpen()
	}
	reader := newSSEReader(response.Body)
	for {
		found, more := reader.next()
		if reader.lastID != "" && !isEventID(reader.lastID) {
			return true, notAnAnswer("an event whose id is no number", nil)
		}
		s.last = or(reader.lastID, s.last)
		if !more {
			break
		}
		event, err := parseEvent(found)
		if err != nil {
			return true, err
		}
		if !s.yield(event, nil) {
			return true, errStopped
		}
	}
	err = reader.err()
	if errors.Is(err, bufio.ErrTooLong) {
		return true, notAnAnswer("an event without end", err)
	}
	if err != nil {
		return true, broken(response.Request, err)
	}
	return true, nil
}

func (s *eventStream) open(ctx context.Context) (*http.Response, error) {
	asked, err := newRequest(ctx, http.MethodGet, "/v1/events", nil, nil)
	if err != nil {
		return nil, err
	}
	asked.Header.Set("Accept", "text/event-stream")
	if s.last != "" {
		asked.Header.Set("Last-Event-ID", s.last)
	}
	response, err := s.client.transport.roundTrip(asked, false)
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	if _, err := readAnswer(response); err != nil {
		return nil, err
	}
	return nil, notAnAnswer("what is no stream of events", nil)
}

// eventID is what ids look like: another could be no place to go on from, and is said again in a header.
var eventID = regexp.MustCompile(`^[0-9]{1,15}$`)

func isEventID(text string) bool { return eventID.MatchString(text) }

// parseEvent: `data` of the stream is the event's own, with its time beside it.
func parseEvent(found serverSentEvent) (Event, error) {
	var told struct {
		At string `json:"at"`
	}
	// encoding/json would replace what is not UTF-8, and it would be taken for what was said.
	if !utf8.Valid(found.data) {
		return Event{}, notAnAnswer("bytes that are not UTF-8", nil)
	}
	if err := readObject(found.data, &told); err != nil {
		return Event{}, err
	}
	id, _ := strconv.ParseInt(found.id, 10, 64)
	return Event{ID: id, Event: EventName(found.event), At: told.At, Data: bytes.Clone(found.data)}, nil
}
