package claudemesh

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/claudemesh/claudemesh/sdk/go/internal/strictjson"
)

// ErrorCode is what to decide by: one of the closed list below, or one that a newer daemon has. It is an error of its
// own, so that errors.Is(err, claudemesh.ErrNotFound) tells whether err, or what it wraps, has that code.
type ErrorCode string

// Error is the code.
func (code ErrorCode) Error() string { return string(code) }

// Error is every refusal: of the daemon, of the broker behind it, or of this package. What a context ends wraps the
// context's own error besides, so that errors.Is(err, context.DeadlineExceeded) holds too.
type Error struct {
	Code ErrorCode
	// Message says what happened this time, for people.
	Message string
	// Hint names the command or the field that helps; "" for none.
	Hint string
	// Retryable tells whether the same request can succeed later.
	Retryable bool
	// Status is the HTTP status that the code travels as.
	Status int
	// Details is what the code tells besides, such as `conflict`, `suggestions` or `field`.
	Details map[string]any

	cause error
}

// Error is the message with its code, and the hint.
func (e *Error) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%s (%s)", e.Message, e.Code)
	}
	return fmt.Sprintf("%s (%s; %s)", e.Message, e.Code, e.Hint)
}

// Is holds for the error's code.
func (e *Error) Is(target error) bool { return target == error(e.Code) }

// Unwrap is what caused it, if that is known.
func (e *Error) Unwrap() error { return e.cause }

// newError has the status and the judgement of its code.
func newError(code ErrorCode, message, hint string) *Error {
	told, known := errorCodes[code]
	if !known {
		told.status = http.StatusInternalServerError
	}
	return &Error{Code: code, Message: message, Hint: hint, Retryable: told.retryable, Status: told.status}
}

type codeTold struct {
	code      ErrorCode
	status    int
	retryable bool
}

var errorCodes = func() map[ErrorCode]codeTold {
	byCode := make(map[ErrorCode]codeTold, len(codesTold))
	for _, told := range codesTold {
		byCode[told.code] = told
	}
	return byCode
}()

func (e *Error) causedBy(cause error) *Error {
	e.cause = cause
	return e
}

// fromProfile is an error of the JSON profile as one of this package.
func fromProfile(err error) error {
	var refused *strictjson.Error
	if !errors.As(err, &refused) {
		return err
	}
	return newError(ErrorCode(refused.Code), refused.Message, refused.Hint)
}

// codeForm is what a code looks like, also one that is not known here.
var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// refusal is the error that an answer stands for. A code that is not known here keeps its text, and is repeated if the
// daemon says so.
func refusal(status int, text []byte, header http.Header) *Error {
	var problem map[string]any
	// What is not JSON leaves no code either.
	_ = json.Unmarshal(text, &problem)
	code, _ := problem["code"].(string)
	if !codeForm.MatchString(code) {
		return notAnAnswer(fmt.Sprintf("%d without problem details", status), nil)
	}
	message, said := problem["detail"].(string)
	if !said {
		message = fmt.Sprintf("the daemon answered %d", status)
	}
	hint, _ := problem["hint"].(string)
	err := newError(ErrorCode(code), printable(message), printable(hint))
	if _, known := errorCodes[err.Code]; !known {
		err.Status = status
		err.Retryable, _ = problem["retryable"].(bool)
	}
	for _, own := range [...]string{"type", "title", "status", "detail", "code", "hint", "retryable"} {
		delete(problem, own)
	}
	if _, told := problem["retry_after_ms"]; !told {
		if seconds, bad := strconv.ParseFloat(header.Get("Retry-After"), 64); bad == nil && seconds >= 0 && !math.IsInf(seconds, 0) {
			problem["retry_after_ms"] = seconds * 1_000
		}
	}
	err.Details = problem
	return err
}

// unsafe is what a terminal would act on, or hide text by; line feeds and tabs stay.
var unsafe = regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{2028}\x{2029}\x{202a}-\x{202e}\x{2066}-\x{2069}]`)

// printable is a text of the daemon's in which what others chose to be called may stand: an error is shown by whoever
// does not handle it.
func printable(text string) string {
	return unsafe.ReplaceAllStringFunc(text, func(found string) string {
		letter, _ := utf8.DecodeRuneInString(found)
		if letter > 0xff {
			return fmt.Sprintf(`\u%04x`, letter)
		}
		return fmt.Sprintf(`\x%02x`, letter)
	})
}

// endedBy is what a call answers whose context is over: timed_out, or that it was canceled.
func endedBy(ctx context.Context, operation string) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return newError(ErrTimedOut, operation+" did not finish in time", "claudemesh status").causedBy(ctx.Err())
	}
	return fmt.Errorf("claudemesh: %s: %w", operation, ctx.Err())
}
