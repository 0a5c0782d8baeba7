package claudemesh

import (
	"bufio"
	"bytes"
	"io"
)

// sseBytesMax is how long a line of the event stream may be, and the data of an event.
const sseBytesMax = 16_777_216

// serverSentEvent is one entry of the stream. Its id is the newest that was seen, which need not be its own.
type serverSentEvent struct {
	id    string
	event string
	data  []byte
}

// sseReader reads text/event-stream (WHATWG HTML, "Server-sent events"), without `retry`.
type sseReader struct {
	lines *bufio.Scanner
	// lastID is the newest id of a block that is complete, also of one without data.
	lastID string
	nextID string
	// tooLong: an event had more data than any has.
	tooLong bool
}

func newSSEReader(stream io.Reader) *sseReader {
	lines := bufio.NewScanner(stream)
	lines.Buffer(make([]byte, 0, 4_096), sseBytesMax)
	lines.Split(splitLines)
	return &sseReader{lines: lines}
}

// next is the next event; false at the end of the stream, and then err tells whether that is a failure. A block that
// the end cuts off is none.
func (r *sseReader) next() (serverSentEvent, bool) {
	var event string
	var data []byte
	for r.lines.Scan() {
		line := r.lines.Bytes()
		if len(line) == 0 {
			r.lastID = r.nextID
			if data != nil {
				return serverSentEvent{id: r.lastID, event: or(event, "message"), data: data[:len(data)-1]}, true
			}
			event = ""
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "data":
			data = append(append(data, value...), '\n')
			if len(data) > sseBytesMax {
				r.tooLong = true
				return serverSentEvent{}, false
			}
		case "event":
			event = string(value)
		case "id":
			if !bytes.ContainsRune(value, 0) {
				r.nextID = string(value)
			}
		}
	}
	return serverSentEvent{}, false
}

// err is bufio.ErrTooLong for what has no end.
func (r *sseReader) err() error {
	if r.tooLong {
		return bufio.ErrTooLong
	}
	return r.lines.Err()
}

// splitLines ends lines at CR, LF or both.
func splitLines(text []byte, atEnd bool) (advance int, line []byte, err error) {
	end := bytes.IndexAny(text, "\r\n")
	if end < 0 {
		if atEnd && len(text) > 0 {
			return len(text), text, nil
		}
		return 0, nil, nil
	}
	if text[end] == '\r' {
		if end+1 == len(text) && !atEnd {
			// The LF of the pair may be yet to come.
			return 0, nil, nil
		}
		if end+1 < len(text) && text[end+1] == '\n' {
			return end + 2, text[:end], nil
		}
	}
	return end + 1, text[:end], nil
}
