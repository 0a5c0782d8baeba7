package claudemesh

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"
)

// defaultTimeout is for a whole call, retries included, whose context has no deadline.
const defaultTimeout = 30 * time.Second

// request is one of the local API. Body is sent as JSON.
type request struct {
	method string
	// path is encoded, without the query.
	path  string
	query url.Values
	body  any
	// repeatable: doing it twice is the same as doing it once, so that it is tried again when the connection or the
	// daemon fails.
	repeatable bool
	// answered: this caller has heard from the daemon before, so that when nothing listens now it is restarting.
	answered bool
	timeout  time.Duration
}

// call makes a request and reads its answer into `answer`, unless that is nil.
func (c *Client) call(ctx context.Context, r request, answer any) error {
	var body []byte
	if r.body != nil {
		if err := checkTexts(r.body, anyNumber); err != nil {
			return err
		}
		written, err := json.Marshal(r.body)
		if err != nil {
			return newError(ErrInvalidField, "the request cannot be written as JSON", "").causedBy(err)
		}
		body = written
	}
	if r.timeout == 0 {
		r.timeout = defaultTimeout
	}
	ctx, cancel := withDefaultTimeout(ctx, r.timeout)
	defer cancel()
	attempt := func() error { return c.attempt(ctx, r, body, answer) }
	if !r.repeatable {
		return attempt()
	}
	return c.withRetry(ctx, r.answered, attempt)
}

func withDefaultTimeout(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	if _, limited := ctx.Deadline(); limited {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, timeout)
}

func (c *Client) attempt(ctx context.Context, r request, body []byte, answer any) error {
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	asked, err := newRequest(ctx, r.method, r.path, r.query, reader)
	if err != nil {
		return err
	}
	if body != nil {
		asked.Header.Set("Content-Type", "application/json")
	}
	response, err := c.transport.roundTrip(asked, r.repeatable)
	if err != nil {
		return err
	}
	text, err := readAnswer(response)
	if err != nil {
		return err
	}
	return readObject(text, answer)
}

// readObject reads the object that every answer of success is; `answer` may be nil.
func readObject(text []byte, answer any) error {
	if answer == nil {
		answer = &nothing{}
	}
	// Reading null would leave the answer as it was, and say nothing.
	if object := bytes.TrimLeft(text, " \t\r\n"); !bytes.HasPrefix(object, []byte("{")) {
		return notAnAnswer("what is no object", nil)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return notAnAnswer("what is not as it should be: "+err.Error(), err)
	}
	return nil
}

func notAnAnswer(what string, cause error) *Error {
	return newError(ErrProtocolError, "the daemon answered "+what, "claudemesh status").causedBy(cause)
}

func newRequest(ctx context.Context, method, path string, query url.Values, body io.Reader) (*http.Request, error) {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	asked, err := http.NewRequestWithContext(ctx, method, path, body)
	if err != nil {
		return nil, newError(ErrUsage, "the request cannot be made", "").causedBy(err)
	}
	asked.Header.Set("User-Agent", "claudemesh-go/"+SDKVersion)
	return asked, nil
}

// readAnswer is the whole body of an answer; refusals are told as the errors that they carry.
func readAnswer(response *http.Response) ([]byte, error) {
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax+1))
	switch {
	case err != nil && response.Request.Context().Err() != nil:
		return nil, endedBy(response.Request.Context(), operationOf(response.Request))
	case err != nil:
		return nil, broken(response.Request, err)
	case len(text) > answerBytesMax:
		return nil, notAnAnswer(fmt.Sprintf("more than %d bytes", answerBytesMax), nil)
	case !utf8.Valid(text):
		// encoding/json would replace what is not UTF-8, and it would be taken for what was said.
		return nil, notAnAnswer("bytes that are not UTF-8", nil)
	case response.StatusCode >= 300:
		return nil, refusal(response.StatusCode, text, response.Header)
	}
	return text, nil
}

// get and post are the calls that most methods are.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (*T, error) {
	return answerOf[T](ctx, c, request{method: http.MethodGet, path: path, query: query, repeatable: true})
}

func post[T any](ctx context.Context, c *Client, path string, body any, repeatable bool) (*T, error) {
	return answerOf[T](ctx, c, request{method: http.MethodPost, path: path, body: body, repeatable: repeatable})
}

func answerOf[T any](ctx context.Context, c *Client, r request) (*T, error) {
	answer := new(T)
	if err := c.call(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// nothing is the body of a request that says all by its path.
type nothing struct{}
