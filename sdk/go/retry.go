package claudemesh

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	// attemptsMax is how often one call is tried, the first time included.
	attemptsMax = 6
	// Between attempts of a call, and between connections of an event stream.
	backoffBase = 100 * time.Millisecond
	backoffCap  = 2 * time.Second
)

// fullJitter is a uniformly random delay up to an exponentially growing bound, so that clients of a broken daemon spread
// out; `retry` counts from 0.
func fullJitter(retry int) time.Duration {
	bound := backoffCap
	if retry < 10 {
		bound = min(backoffCap, backoffBase<<retry)
	}
	return rand.N(bound)
}

// withRetry runs `attempt` until it answers. Only what is retryable is tried again, and not_running once the daemon has
// been reached, which is then restarting. When attempts or time run out it is the last error that is told, since it
// says more than that the time is over.
func (c *Client) withRetry(ctx context.Context, reached bool, attempt func() error) error {
	for made := 1; ; made++ {
		err := attempt()
		var told *Error
		if err == nil || !errors.As(err, &told) || made >= attemptsMax || ctx.Err() != nil {
			return err
		}
		if !told.Retryable && !(reached && told.Code == ErrNotRunning) {
			return err
		}
		reached = reached || told.Code != ErrNotRunning
		if c.pause(ctx, max(fullJitter(made-1), retryAfter(told))) != nil {
			return told.causedBy(errors.Join(ctx.Err(), told.cause))
		}
	}
}

// retryAfter is how long the daemon has asked to be left alone.
func retryAfter(err *Error) time.Duration {
	asked, _ := err.Details["retry_after_ms"].(float64)
	// A day is longer than any deadline; what is beyond could not be a duration.
	return time.Duration(min(max(asked, 0), 86_400_000)) * time.Millisecond
}

// outlast repeats a call for as long as its daemon is away or overloaded, until the context ends.
func (c *Client) outlast(ctx context.Context, call func() error) error {
	for failures := 0; ; failures++ {
		err := call()
		var told *Error
		if err == nil || !errors.As(err, &told) || !passes(told) || ctx.Err() != nil {
			return err
		}
		if c.pause(ctx, max(fullJitter(failures), retryAfter(told))) != nil {
			return err
		}
	}
}

// sleep ends early, with the context's error, when that is over.
func sleep(ctx context.Context, delay time.Duration) error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
