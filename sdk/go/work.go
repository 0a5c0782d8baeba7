package claudemesh

import (
	"context"
	"errors"
	"log"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	defaultLeaseS = 60
	// Shorter ones would ask more often, longer ones the daemon refuses.
	claimWaitS     = 30
	nackCharsMax   = 128
	stateLost      = LeaseEndedState("lost")
	extensionsEach = 3
)

// WorkOptions says how a queue is worked on; the zero value will do.
type WorkOptions struct {
	// LeaseS is how many seconds of a lease, which is extended for as long as the handler runs; 60 by default.
	LeaseS int64
	// DelayS is for how many seconds nobody gets a message whose handler has failed.
	DelayS int64
	// OnFailure is called when a message was not done with: `became` says whether it was given back (ready), is a
	// dead letter now (dead), or went to another consumer (lost). By default the standard logger is told.
	OnFailure func(message ClaimedMessage, failure error, became LeaseEndedState)
}

// Work calls `handler` for one message of a queue after the other: one whose handler answers nil is acknowledged, else
// it is given back. The handler's context ends when its lease is lost and another consumer may have the message; it does
// not end with `ctx`, which ends the work after the message under way, without an error. A daemon or broker that is away
// is waited for. Work answers how many messages were acknowledged, and an error that repeating cannot mend.
func (q Queues) Work(
	ctx context.Context, name string, options WorkOptions, handler func(context.Context, ClaimedMessage) error,
) (int, error) {
	if options.LeaseS == 0 {
		options.LeaseS = defaultLeaseS
	}
	if options.OnFailure == nil {
		options.OnFailure = logFailure
	}
	// Says at once that no daemon runs: from then on one that is away is restarting, and is waited for.
	if _, err := q.client.Health(ctx); err != nil {
		if ctx.Err() != nil {
			return 0, nil
		}
		return 0, err
	}
	done := 0
	for ctx.Err() == nil {
		var claimed []ClaimedMessage
		err := q.client.outlast(ctx, func() (err error) {
			claimed, err = q.Claim(ctx, name, QueueClaim{LeaseS: options.LeaseS, WaitS: claimWaitS})
			return err
		})
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return done, err
		}
		for _, message := range claimed {
			one := workOnOne{queues: q, queue: name, message: message, options: options}
			acknowledged, err := one.run(context.WithoutCancel(ctx), handler)
			if err != nil {
				return done, err
			}
			if acknowledged {
				done++
			}
		}
	}
	return done, nil
}

// logFailure is for who has not asked to be told: a mistake in a handler would else be seen in the dead letters alone.
func logFailure(message ClaimedMessage, failure error, became LeaseEndedState) {
	log.Printf("claudemesh: message %s was not done with (%s): %s", message.BrokerMessageID, became, reasonOf(failure))
}

type workOnOne struct {
	queues  Queues
	queue   string
	message ClaimedMessage
	options WorkOptions
}

func (w workOnOne) run(ctx context.Context, handler func(context.Context, ClaimedMessage) error) (acknowledged bool, err error) {
	failure, lost := w.handle(ctx, handler)
	if lost {
		if failure == nil {
			failure = newError(ErrLeaseLost, "the lease was lost during the work", "")
		}
		w.options.OnFailure(w.message, failure, stateLost)
		return false, nil
	}
	// Told for as long as the lease may last: nobody is to do again what is done because a broker was away for a moment.
	ctx, cancel := context.WithTimeout(ctx, w.lease())
	defer cancel()
	var ended *LeaseEnded
	err = w.queues.client.outlast(ctx, func() (err error) {
		if failure == nil {
			ended, err = w.queues.Ack(ctx, w.queue, w.message.LeaseID)
		} else {
			nack := QueueNack{DelayS: w.options.DelayS, Reason: reasonOf(failure)}
			ended, err = w.queues.Nack(ctx, w.queue, w.message.LeaseID, nack)
		}
		return err
	})
	var told *Error
	switch {
	case err == nil && failure == nil:
		return true, nil
	case err == nil:
		w.options.OnFailure(w.message, failure, ended.State)
		return false, nil
	case errors.As(err, &told) && (told.Code == ErrLeaseLost || passes(told)):
		if failure == nil {
			failure = err
		}
		w.options.OnFailure(w.message, failure, stateLost)
		return false, nil
	}
	return false, err
}

// handle runs the handler while the lease is extended. Nobody is to work on what could not be proven to be its
// sender's.
func (w workOnOne) handle(ctx context.Context, handler func(context.Context, ClaimedMessage) error) (failure error, lost bool) {
	if w.message.Unavailable != "" {
		return newError(ErrUndecryptable, w.message.Unavailable, ""), false
	}
	ctx, lose := context.WithCancel(ctx)
	keeping, stop := context.WithCancel(ctx)
	ended := make(chan bool, 1)
	go func() {
		isLost := w.keepLease(keeping)
		if isLost {
			lose()
		}
		ended <- isLost
	}()
	defer func() {
		stop()
		lost = <-ended
		lose()
	}()
	return handler(ctx, w.message), false
}

// keepLease extends the lease at every third of it until the context ends; true once the broker says that it is lost.
// One that is out of reach may be back in time.
func (w workOnOne) keepLease(ctx context.Context) bool {
	for {
		if w.queues.client.pause(ctx, w.lease()/extensionsEach) != nil {
			return false
		}
		limited, cancel := context.WithTimeout(ctx, w.lease())
		_, err := w.queues.Extend(limited, w.queue, w.message.LeaseID, w.options.LeaseS)
		cancel()
		if errors.Is(err, ErrLeaseLost) || errors.Is(err, ErrUnknownDestination) {
			return true
		}
	}
}

func (w workOnOne) lease() time.Duration { return time.Duration(w.options.LeaseS) * time.Second }

// reasonOf is a failure in one line, whatever a handler answers.
func reasonOf(failure error) string {
	line := strings.Map(func(letter rune) rune {
		if unicode.IsControl(letter) {
			return ' '
		}
		return letter
	}, strings.ToValidUTF8(failure.Error(), "\uFFFD"))
	for utf8.RuneCountInString(line) > nackCharsMax {
		_, size := utf8.DecodeLastRuneInString(line)
		line = line[:len(line)-size]
	}
	return line
}
