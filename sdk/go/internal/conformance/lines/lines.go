// Package lines is how the conformance programs are spoken to: a request a line, an answer a line.
package lines

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// bytesMax is how long a line may be. A longer one is no request of anybody, and would be held in memory whole.
const bytesMax = 256 << 20

// Answer answers each line of `in` that is not blank by a line of `out`, in order. `line` is nil for one that is too long, and holds until
// the next. What was answered is written out before a line is waited for, so that whoever asks one at a time gets each
// answer at once, and a million lines are fast.
func Answer(in io.Reader, out io.Writer, answer func(line []byte) []byte) error {
	return answerUpTo(bytesMax, in, out, answer)
}

func answerUpTo(bytesMax int, in io.Reader, out io.Writer, answer func(line []byte) []byte) error {
	writer := bufio.NewWriter(out)
	reader := bufio.NewReaderSize(flushing{in, writer}, 1<<16)
	for {
		line, err := read(reader, bytesMax)
		if line == nil && err == nil || len(bytes.Trim(line, " \t\r")) > 0 {
			if _, err := writer.Write(append(answer(line), '\n')); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return writer.Flush()
		}
		if err != nil {
			return err
		}
	}
}

// flushing writes out what is kept back before it waits for more input.
type flushing struct {
	in  io.Reader
	out *bufio.Writer
}

func (f flushing) Read(into []byte) (int, error) {
	if err := f.out.Flush(); err != nil {
		return 0, err
	}
	return f.in.Read(into)
}

// read is one line without its end; nil for one that is too long.
func read(reader *bufio.Reader, bytesMax int) ([]byte, error) {
	line, tooLong := []byte{}, false
	for {
		part, err := reader.ReadSlice('\n')
		if len(line)+len(part) > bytesMax {
			line, tooLong = line[:0], true
		}
		if !tooLong {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if tooLong {
			return nil, err
		}
		if end := len(line) - 1; end >= 0 && line[end] == '\n' {
			line = line[:end]
		}
		return line, err
	}
}
