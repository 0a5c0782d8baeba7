// Command drive drives the SDK by JSON lines, so that one runner can drive every language's. What it may be asked, and
// how it answers, is in conformance/scenarios/README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	claudemesh "github.com/claudemesh/claudemesh/sdk/go"
	"github.com/claudemesh/claudemesh/sdk/go/internal/conformance/lines"
)

func main() {
	session := session{}
	err := lines.Answer(os.Stdin, os.Stdout, session.answer)
	session.close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// session is the client that was connected, and its stream of events.
type session struct {
	client *claudemesh.Client
	events *eventReader
}

type answer struct {
	ID    json.RawMessage `json:"id"`
	OK    bool            `json:"ok"`
	Value any             `json:"value"`
}

type failure struct {
	ID    json.RawMessage `json:"id"`
	OK    bool            `json:"ok"`
	Error shownError      `json:"error"`
}

type shownError struct {
	Code      claudemesh.ErrorCode `json:"code"`
	Message   string               `json:"message"`
	Hint      *string              `json:"hint"`
	Retryable bool                 `json:"retryable"`
	Details   map[string]any       `json:"details"`
}

func (s *session) answer(line []byte) []byte {
	var named struct {
		ID json.RawMessage `json:"id"`
		Op string          `json:"op"`
	}
	var value any
	err := json.Unmarshal(line, &named)
	if named.ID == nil {
		named.ID = json.RawMessage("null")
	}
	if err != nil {
		err = refuse(claudemesh.ErrMalformedJSON, "the line is no request in JSON")
	} else {
		value, err = s.run(named.Op, line)
	}
	if err == nil {
		if text, err := json.Marshal(answer{named.ID, true, value}); err == nil {
			return text
		}
		err = refuse(claudemesh.ErrInternal, "the answer cannot be written")
	}
	text, _ := json.Marshal(failure{ID: named.ID, Error: shown(err)})
	return text
}

func shown(err error) shownError {
	var told *claudemesh.Error
	if !errors.As(err, &told) {
		return shownError{Code: claudemesh.ErrInternal, Message: err.Error(), Details: map[string]any{}}
	}
	answer := shownError{Code: told.Code, Message: told.Message, Retryable: told.Retryable, Details: told.Details}
	if told.Hint != "" {
		answer.Hint = &told.Hint
	}
	if answer.Details == nil {
		answer.Details = map[string]any{}
	}
	return answer
}

func refuse(code claudemesh.ErrorCode, message string) error {
	return &claudemesh.Error{Code: code, Message: message, Retryable: code == claudemesh.ErrTimedOut}
}

// run does what one request asks for.
func (s *session) run(op string, line []byte) (any, error) {
	switch op {
	case "connect":
		s.close()
		return nil, s.connect(line)
	case "close":
		s.close()
		return nil, nil
	case "local_fingerprint":
		return localFingerprint(line)
	}
	if s.client == nil {
		return nil, refuse(claudemesh.ErrUsage, "no daemon is connected: connect comes first")
	}
	switch op {
	case "events_open":
		return nil, s.openEvents(line)
	case "events_next":
		return s.nextEvent(line)
	case "events_close":
		s.closeEvents()
		return nil, nil
	}
	operation, known := operations[op]
	if !known {
		return nil, refuse(claudemesh.ErrUsage, "unknown op "+op)
	}
	return operation(context.Background(), s.client, line)
}

func (s *session) connect(line []byte) error {
	asked, err := read[struct {
		SocketPath string `json:"socket_path"`
		Port       int    `json:"port"`
		Token      string `json:"token"`
		Home       string `json:"home"`
		Mesh       string `json:"mesh"`
	}](line)
	if err != nil {
		return err
	}
	client, err := claudemesh.Connect(claudemesh.Target{
		SocketPath: asked.SocketPath, Port: asked.Port, Token: asked.Token, Home: asked.Home, Mesh: asked.Mesh,
	})
	s.client = client
	return err
}

func (s *session) close() {
	s.closeEvents()
	if s.client != nil {
		s.client.Close()
	}
	s.client = nil
}

func read[T any](line []byte) (T, error) {
	var asked T
	if err := json.Unmarshal(line, &asked); err != nil {
		return asked, refuse(claudemesh.ErrUsage, "the request has not its form: "+err.Error())
	}
	return asked, nil
}
