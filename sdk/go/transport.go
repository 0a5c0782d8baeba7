package claudemesh

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"syscall"
	"time"
)

const (
	idleConnectionsMax = 8
	// Shorter than the daemon's keep-alive, so that a connection which is used again is rarely one that it is closing.
	idleTime           = 4 * time.Second
	answerHeadBytesMax = 65_536
	answerBytesMax     = 268_435_456
)

// endpoint is where a daemon's local API listens. The token is sent on TCP only: a unix socket needs none.
type endpoint struct {
	network string
	address string
	token   string
}

// transport speaks HTTP to one daemon. What may be repeated goes out on connections that are kept; the rest on a new
// one each, which the daemon cannot be closing already.
type transport struct {
	find  func() (endpoint, error)
	kept  *http.Transport
	fresh *http.Transport
}

// newTransport asks `find` before each connection: a daemon that was restarted may listen elsewhere.
func newTransport(find func() (endpoint, error)) *transport {
	t := &transport{find: find}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		where, err := find()
		if err != nil {
			return nil, err
		}
		var dialer net.Dialer
		connection, err := dialer.DialContext(ctx, where.network, where.address)
		if err != nil {
			return nil, dialError(ctx, where, err)
		}
		return connection, nil
	}
	t.kept = &http.Transport{
		DialContext:            dial,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    idleConnectionsMax,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: answerHeadBytesMax,
	}
	t.fresh = &http.Transport{
		DialContext:            dial,
		DisableCompression:     true,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: answerHeadBytesMax,
	}
	return t
}

// roundTrip sends one request; its URL has the path alone. What goes wrong is told as an error of this package.
func (t *transport) roundTrip(request *http.Request, repeatable bool) (*http.Response, error) {
	where, err := t.find()
	if err != nil {
		return nil, err
	}
	request.URL.Scheme, request.URL.Host = "http", "localhost"
	if where.network == "tcp" {
		request.URL.Host = where.address
		request.Header.Set("Authorization", "Bearer "+where.token)
	}
	way := t.fresh
	if repeatable {
		way = t.kept
	}
	response, err := way.RoundTrip(request)
	if err == nil {
		return response, nil
	}
	if ended := request.Context().Err(); ended != nil {
		return nil, endedBy(request.Context(), operationOf(request))
	}
	var told *Error
	if errors.As(err, &told) {
		return nil, told
	}
	return nil, broken(request, err)
}

func (t *transport) closeIdle() {
	t.kept.CloseIdleConnections()
	t.fresh.CloseIdleConnections()
}

// connectionRefused is WSAECONNREFUSED, which package syscall has no name for.
const connectionRefused = syscall.Errno(10061)

// notListening says that nothing was there to take the connection, so that no request was sent. EINVAL: the path is
// too long for a socket, so that none can be there.
var notListening = []error{
	syscall.ENOENT, syscall.ENOTDIR, syscall.ECONNREFUSED, syscall.ENOTSOCK, syscall.EINVAL, connectionRefused,
}

func dialError(ctx context.Context, where endpoint, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, fs.ErrPermission) {
		return newError(ErrUnauthorized, fmt.Sprintf("the socket %s belongs to another user", where.address),
			"run the program as the user who started the daemon").causedBy(err)
	}
	for _, reason := range notListening {
		if errors.Is(err, reason) {
			return notRunning(fmt.Sprintf("no daemon answers at %s", where.address)).causedBy(err)
		}
	}
	return newError(ErrOutcomeUnknown, fmt.Sprintf("no connection to the daemon at %s: %v", where.address, err),
		"claudemesh status").causedBy(err)
}

func notRunning(message string) *Error { return newError(ErrNotRunning, message, "claudemesh up") }

func broken(request *http.Request, cause error) *Error {
	message := fmt.Sprintf("the daemon's connection ended before it answered %s", operationOf(request))
	return newError(ErrOutcomeUnknown, message, "claudemesh status").causedBy(cause)
}

func operationOf(request *http.Request) string { return request.Method + " " + request.URL.Path }
