package main

import (
	"context"
	"time"

	claudemesh "github.com/claudemesh/claudemesh/sdk/go"
)

// eventReader reads a stream of events whether anybody asks for one or not.
type eventReader struct {
	events chan claudemesh.Event
	failed chan error
	cancel context.CancelFunc
}

// openEvents answers when the stream stands: from then on nothing is missed.
func (s *session) openEvents(line []byte) error {
	asked, err := read[struct {
		After *int64 `json:"after"`
	}](line)
	if err != nil {
		return err
	}
	s.closeEvents()
	ctx, cancel := context.WithCancel(context.Background())
	// As many as a scenario can make happen between two requests.
	reader := &eventReader{events: make(chan claudemesh.Event, 100_000), failed: make(chan error, 1), cancel: cancel}
	stands := make(chan struct{}, 1)
	client := s.client
	go func() {
		defer close(reader.events)
		options := claudemesh.EventsOptions{After: asked.After, OnOpen: func() {
			select {
			case stands <- struct{}{}:
			default:
			}
		}}
		for event, err := range client.Events(ctx, options) {
			if err != nil {
				reader.failed <- err
				return
			}
			reader.events <- event
		}
	}()
	select {
	case <-stands:
		s.events = reader
		return nil
	case err := <-reader.failed:
		cancel()
		return err
	}
}

func (s *session) nextEvent(line []byte) (any, error) {
	asked, err := read[struct {
		TimeoutMS int64                `json:"timeout_ms"`
		Event     claudemesh.EventName `json:"event"`
	}](line)
	if err != nil {
		return nil, err
	}
	if s.events == nil {
		return nil, refuse(claudemesh.ErrUsage, "no events are open: events_open comes first")
	}
	late := time.NewTimer(time.Duration(asked.TimeoutMS) * time.Millisecond)
	defer late.Stop()
	for {
		select {
		case event, more := <-s.events.events:
			if !more {
				return nil, s.events.ended()
			}
			if asked.Event == "" || event.Event == asked.Event {
				return event, nil
			}
		case <-late.C:
			return nil, refuse(claudemesh.ErrTimedOut, "no event in time")
		}
	}
}

func (r *eventReader) ended() error {
	select {
	case err := <-r.failed:
		return err
	default:
		return refuse(claudemesh.ErrProtocolError, "the stream of events ended")
	}
}

func (s *session) closeEvents() {
	if s.events == nil {
		return
	}
	s.events.cancel()
	for range s.events.events {
		// What was not asked for is passed over, until the stream has ended.
	}
	s.events = nil
}
