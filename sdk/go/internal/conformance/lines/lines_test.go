package lines

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestEachLineIsAnsweredBeforeTheNextIsWaitedFor(t *testing.T) {
	in, asks := io.Pipe()
	answers, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := Answer(in, out, func(line []byte) []byte { return bytes.ToUpper(line) })
		out.Close()
		ended <- err
	}()
	for _, line := range []string{"a", "bc"} {
		// The beginning of the next line is there already.
		if _, err := io.WriteString(asks, line+"\nunfin"); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(line)+1)
		if _, err := io.ReadFull(answers, got); err != nil || string(got) != strings.ToUpper(line)+"\n" {
			t.Fatalf("%q %v", got, err)
		}
		if _, err := io.WriteString(asks, "ished\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(answers, make([]byte, len("UNFINISHED\n"))); err != nil {
			t.Fatal(err)
		}
	}
	rest := make(chan string)
	go func() {
		got, _ := io.ReadAll(answers)
		rest <- string(got)
	}()
	// A line without its end is one as well.
	if _, err := io.WriteString(asks, "last"); err != nil {
		t.Fatal(err)
	}
	asks.Close()
	if got, err := <-rest, <-ended; got != "LAST\n" || err != nil {
		t.Errorf("%q %v", got, err)
	}
}

func TestBlankLinesAreNoRequestsAndALineTooLongIsNotHeld(t *testing.T) {
	const most = 100_000
	long := strings.NewReader(strings.Repeat("x", most+1) + "\n\n\r\n \t\nshort\n")
	var seen []string
	err := answerUpTo(most, long, io.Discard, func(line []byte) []byte {
		if line == nil {
			seen = append(seen, "too long")
		} else {
			seen = append(seen, string(line))
		}
		return nil
	})
	if err != nil || strings.Join(seen, ",") != "too long,short" {
		t.Error(seen, err)
	}
}
