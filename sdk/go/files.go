package claudemesh

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
)

// Files are handed over at the daemon for a message to carry, and taken when a message brought them. A context without
// a deadline gives these calls as long as they need, but for the list.
type Files struct{ client *Client }

// FileToSend is a file that is handed over.
type FileToSend struct {
	Name string
	// ContentType is application/octet-stream by default.
	ContentType string
	// Bytes is how many Content has.
	Bytes   int64
	Content io.Reader
}

// BringingMessage names a message that brought files.
type BringingMessage struct{ query url.Values }

// InInbox is a message of the inbox.
func InInbox(inboxID int64) BringingMessage {
	return BringingMessage{url.Values{"inbox_id": {number(inboxID)}}}
}

// InHistory is a message by its place in the broker's history of an address, `#topic` or `dm`.
func InHistory(address string, historyID int64) BringingMessage {
	return BringingMessage{url.Values{"history_id": {number(historyID)}, "address": {address}}}
}

// UnderLease is a claimed message, as long as its lease lasts and the daemon that claimed it runs.
func UnderLease(queue, leaseID string) BringingMessage {
	return BringingMessage{url.Values{"lease_id": {leaseID}, "queue": {queue}}}
}

// Put answers once the file is on disk at the daemon, sealed. Its FileID then stands in Attachments of a send.
func (f Files) Put(ctx context.Context, file FileToSend) (*File, error) {
	if file.Bytes < 0 {
		return nil, newError(ErrUsage, "a file has as many bytes as it has", "say how many")
	}
	query := url.Values{"name": {file.Name}}
	if file.ContentType != "" {
		query.Set("content_type", file.ContentType)
	}
	content := &exactly{content: file.Content, left: file.Bytes}
	asked, err := newRequest(ctx, http.MethodPost, "/v1/files", query, content)
	if err != nil {
		return nil, err
	}
	asked.ContentLength = file.Bytes
	if file.Bytes == 0 {
		// Else net/http would take it for a length that is not known.
		asked.Body = http.NoBody
		_, _ = content.Read(nil)
	}
	if content.changed {
		return nil, changedMeanwhile(nil)
	}
	asked.Header.Set("Content-Type", "application/octet-stream")
	response, err := f.client.transport.roundTrip(asked, false)
	if err != nil {
		if content.changed && ctx.Err() == nil {
			return nil, changedMeanwhile(err)
		}
		return nil, err
	}
	text, err := readAnswer(response)
	if err != nil {
		return nil, err
	}
	answer := new(File)
	return answer, readObject(text, answer)
}

func changedMeanwhile(cause error) *Error {
	return newError(ErrUsage, "the file changed while it was read", "send it once it is finished").causedBy(cause)
}

// List is the files that a message brought.
func (f Files) List(ctx context.Context, message BringingMessage) ([]Attachment, error) {
	return items[Attachment](ctx, f.client, "/v1/files?"+message.query.Encode())
}

// TakenFile is the bytes of a file. They end early, by an error, when the connection or the way to the broker breaks:
// another call of Take from where they stopped goes on, or says why not.
type TakenFile struct {
	// Bytes is how many there are to come.
	Bytes int64

	response *http.Response
}

// Take begins at byte `from` of a file. The caller closes it.
func (f Files) Take(ctx context.Context, message BringingMessage, fileID string, from int64) (*TakenFile, error) {
	path := "/v1/files/" + segment(fileID, "") + "?" + message.query.Encode() + "&from=" + number(from)
	asked, err := newRequest(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return nil, err
	}
	response, err := f.client.transport.roundTrip(asked, false)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		_, err := readAnswer(response)
		return nil, err
	}
	if response.ContentLength < 0 {
		response.Body.Close()
		return nil, notAnAnswer("a file without its length", nil)
	}
	return &TakenFile{Bytes: response.ContentLength, response: response}, nil
}

// Read reads the next bytes.
func (t *TakenFile) Read(into []byte) (int, error) {
	read, err := t.response.Body.Read(into)
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return read, err
	case t.response.Request.Context().Err() != nil:
		return read, endedBy(t.response.Request.Context(), operationOf(t.response.Request))
	default:
		return read, broken(t.response.Request, err)
	}
}

// Close ends the connection.
func (t *TakenFile) Close() error { return t.response.Body.Close() }

// exactly reads a file of which it is known how long it is. The last bytes are given only once it is known that nothing
// follows them, so that the daemon never takes a file that has changed.
type exactly struct {
	content io.Reader
	left    int64
	changed bool
}

var errChanged = errors.New("the file is longer or shorter than was said")

func (e *exactly) Read(into []byte) (int, error) {
	if e.left == 0 {
		return 0, e.end()
	}
	read, err := e.content.Read(into)
	e.left -= int64(read)
	switch {
	case e.left < 0, e.left > 0 && errors.Is(err, io.EOF):
		e.changed = true
		return 0, errChanged
	case e.left == 0:
		if err := e.end(); !errors.Is(err, io.EOF) {
			return 0, err
		}
	}
	return read, err
}

// end is io.EOF where nothing follows.
func (e *exactly) end() error {
	read, err := io.ReadFull(e.content, make([]byte, 1))
	if read > 0 {
		e.changed = true
		return errChanged
	}
	return err
}
