package claudemesh

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestAFileThatChangesWhileItIsReadIsSaid(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { say(w, `{"name":"f"}`) })
	client, _ := daemon.client(t)
	// So long that net/http sends it before it looks whether anything follows.
	const long = 1 << 18
	for length, content := range map[int64]string{
		0: "abc", 2: "abc", 4: "abc", 100_000: "abc", long: strings.Repeat("x", long+1),
	} {
		file := FileToSend{Name: "f", Bytes: length, Content: strings.NewReader(content)}
		if _, err := client.Files.Put(context.Background(), file); !errors.Is(err, ErrUsage) {
			t.Errorf("%d bytes: %v", length, err)
		}
	}
	for _, request := range daemon.requests() {
		if request.whole {
			t.Error("the daemon was given it whole:", request.line)
		}
	}
	for _, content := range []string{"", "abc"} {
		file := FileToSend{Name: "f", Bytes: int64(len(content)), Content: strings.NewReader(content)}
		if answer, err := client.Files.Put(context.Background(), file); err != nil || answer.Name != "f" {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestBytesOfAFileThatEndEarlyAreAnError(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		say(w, "abc")
		w.(http.Flusher).Flush()
		cut(w)
	})
	client, _ := daemon.client(t)
	file, err := client.Files.Take(context.Background(), UnderLease("q", "l"), "f", 4)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if file.Bytes != 10 || string(content) != "abc" || !errors.Is(err, ErrOutcomeUnknown) {
		t.Error(file.Bytes, string(content), err)
	}
	if line := daemon.requests()[0].line; line != "GET /v1/files/f?lease_id=l&queue=q&from=4" {
		t.Error(line)
	}
}

func TestARefusedFileIsItsRefusal(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) { problem(w, 410, "file_gone", "") })
	client, _ := daemon.client(t)
	ctx := context.Background()
	if _, err := client.Files.Take(ctx, InHistory("#t", 3), "f", 0); !errors.Is(err, ErrFileGone) {
		t.Error(err)
	}
	if _, err := client.Files.Put(ctx, FileToSend{Name: "f", Bytes: 1 << 30, Content: endless{}}); !errors.Is(err, ErrFileGone) && !errors.Is(err, ErrOutcomeUnknown) {
		t.Error("a refusal before all was said:", err)
	}
}

type endless struct{}

func (endless) Read(into []byte) (int, error) { return len(into), nil }

func TestAFileWithoutItsLengthIsNotTaken(t *testing.T) {
	daemon := newScripted(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		say(w, "bytes")
	})
	client, _ := daemon.client(t)
	if _, err := client.Files.Take(context.Background(), InInbox(1), "f", 0); !errors.Is(err, ErrProtocolError) {
		t.Error(err)
	}
}
