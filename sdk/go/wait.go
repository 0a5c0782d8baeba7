package claudemesh

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Receipts come as events; rows that end dead do not, so the row is looked at this often as well.
const lookInterval = 500 * time.Millisecond

// WaitFor answers the message once `stage` is true of it. timed_out carries the message as it was last seen, as *Message
// in its details under "message"; so does the reason of one that ended dead or aborted.
func (c *Client) WaitFor(ctx context.Context, id string, stage ReceiptStage) (*Message, error) {
	ctx, cancel := withDefaultTimeout(ctx, defaultTimeout)
	defer cancel()
	message, err := c.waitFor(ctx, id, stage)
	if err != nil {
		return nil, err
	}
	return message, nil
}

// waitFor answers the message as last seen beside an error, if it was seen.
func (c *Client) waitFor(ctx context.Context, id string, stage ReceiptStage) (*Message, error) {
	receipts, stop := c.watchReceipts(ctx)
	defer stop()
	var last *Message
	for {
		seen, err := c.message(ctx, id, last != nil)
		if err != nil {
			// What went wrong before the time was over says more than that it is.
			if _, told := err.(*Error); told && !errors.Is(err, ErrTimedOut) {
				return last, err
			}
			return last, notYet(ctx, stage, last)
		}
		last = seen
		if hasReached(seen, stage) {
			return seen, nil
		}
		if err := neverReaches(seen); err != nil {
			return seen, err
		}
		timer := time.NewTimer(lookInterval)
		select {
		case <-receipts:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return last, notYet(ctx, stage, last)
		}
		timer.Stop()
	}
}

// watchReceipts tells of receipts as long as the context lasts. A receipt that comes while nobody listens is kept.
// Without a stream of events nothing is told.
func (c *Client) watchReceipts(ctx context.Context) (receipts <-chan struct{}, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	told, ended := make(chan struct{}, 1), make(chan struct{})
	tell := func() {
		select {
		case told <- struct{}{}:
		default:
		}
	}
	go func() {
		defer close(ended)
		for event, err := range c.Events(ctx, EventsOptions{OnOpen: tell}) {
			if err == nil && event.Event == EventNameReceipt {
				tell()
			}
		}
	}()
	return told, func() {
		cancel()
		<-ended
	}
}

// hasReached is whether the stage is true. What was read without having been put into a session is further than that; no other
// stage can be passed over.
func hasReached(message *Message, stage ReceiptStage) bool {
	for _, reached := range message.Stages {
		if reached.Stage == stage || (stage == ReceiptStageInjected && reached.Stage == ReceiptStageRead) {
			return true
		}
	}
	return false
}

func notYet(ctx context.Context, stage ReceiptStage, last *Message) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return endedBy(ctx, "waiting for "+string(stage))
	}
	known := ReceiptStageQueued
	if last != nil && len(last.Stages) > 0 {
		known = last.Stages[len(last.Stages)-1].Stage
	}
	err := newError(ErrTimedOut, fmt.Sprintf("not %s yet: the message is %s", stage, known),
		"it stays on its way; claudemesh outbox list shows what still waits").causedBy(ctx.Err())
	if last != nil {
		err.Details = map[string]any{"message": last}
	}
	return err
}

// neverReaches is why a message gets no further: it ended, or its receiver has said that it will never open it.
func neverReaches(message *Message) error {
	reason := message.LastError
	var err *Error
	switch {
	case message.Status == OutboxStatusDead || message.Status == OutboxStatusAborted:
		// Carries the code of the row's own reason.
		code, why := ErrIDVoid, ""
		if reason != nil {
			why = fmt.Sprintf(" (%s: %s)", reason.Code, reason.Message)
			if _, known := errorCodes[ErrorCode(reason.Code)]; known {
				code = ErrorCode(reason.Code)
			}
		}
		err = newError(code, fmt.Sprintf("the message will not be sent: it ended %s%s", message.Status, why), "")
	case reason != nil && ErrorCode(reason.Code) == ErrUndecryptable:
		err = newError(ErrUndecryptable, "the message was sent, and "+reason.Message, "")
	default:
		return nil
	}
	err.Hint = fmt.Sprintf("claudemesh outbox inspect %d", message.OutboxID)
	err.Details = map[string]any{"message": message}
	return err
}
