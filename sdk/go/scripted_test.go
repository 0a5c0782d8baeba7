package claudemesh

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// scripted is a daemon that answers what a test says, on a socket of its own, and notes what it was asked.
type scripted struct {
	socket string
	server *httptest.Server

	mutex sync.Mutex
	seen  []seenRequest
}

type seenRequest struct {
	line   string
	body   map[string]any
	header http.Header
	// whole: all of the body came that was announced.
	whole bool
}

// newScripted answers request number n, from 0 on, by `answer`.
func newScripted(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *scripted {
	t.Helper()
	// Sockets have short names only.
	folder, err := os.MkdirTemp("", "cm-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	s := &scripted{socket: filepath.Join(folder, "sock")}
	listener, err := net.Listen("unix", s.socket)
	if err != nil {
		t.Fatal(err)
	}
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A refusal may come before all of a file is said.
		text, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		seen := seenRequest{line: r.Method + " " + r.URL.RequestURI(), header: r.Header, whole: err == nil}
		_ = json.Unmarshal(text, &seen.body)
		s.mutex.Lock()
		n := len(s.seen)
		s.seen = append(s.seen, seen)
		s.mutex.Unlock()
		answer(n, w, r)
	}))
	s.server.Listener.Close()
	s.server.Listener = listener
	s.server.Start()
	t.Cleanup(s.server.Close)
	return s
}

func (s *scripted) requests() []seenRequest {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.seen
}

// client is one of the scripted daemon that does not wait between attempts; `pauses` notes how long it would have.
func (s *scripted) client(t *testing.T) (client *Client, pauses *[]time.Duration) {
	t.Helper()
	return hasty(t, Target{SocketPath: s.socket})
}

func hasty(t *testing.T, target Target) (*Client, *[]time.Duration) {
	t.Helper()
	client, err := Connect(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	pauses, mutex := &[]time.Duration{}, sync.Mutex{}
	client.pause = func(ctx context.Context, delay time.Duration) error {
		mutex.Lock()
		defer mutex.Unlock()
		*pauses = append(*pauses, delay)
		return ctx.Err()
	}
	return client, pauses
}

// cut ends the connection without an answer.
func cut(w http.ResponseWriter) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	connection.Close()
}

func problem(w http.ResponseWriter, status int, code string, more string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":"x","title":"x","status":%d,"detail":"what happened","code":%q%s}`, status, code, more)
}

func say(w http.ResponseWriter, text string) { _, _ = io.WriteString(w, text) }

// ending is a context whose deadline is over when the test says so.
type ending struct {
	context.Context
	over chan struct{}
}

func newEnding() ending { return ending{context.Background(), make(chan struct{})} }

func (e ending) end() { close(e.over) }

func (e ending) Deadline() (time.Time, bool) { return time.Now().Add(time.Hour), true }

func (e ending) Done() <-chan struct{} { return e.over }

func (e ending) Err() error {
	select {
	case <-e.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}
