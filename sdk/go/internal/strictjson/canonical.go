package strictjson

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// AppendCanonical appends the form that RFC 8785 gives a value: keys by UTF-16 code units, numbers as ECMAScript prints
// them, shortest escapes. The value is one that [Parse] gave.
func AppendCanonical(to []byte, value Value) []byte {
	switch value := value.(type) {
	case nil:
		return append(to, "null"...)
	case bool:
		return strconv.AppendBool(to, value)
	case float64:
		return appendNumber(to, value)
	case string:
		return AppendString(to, value)
	case []Value:
		to = append(to, '[')
		for index, item := range value {
			if index > 0 {
				to = append(to, ',')
			}
			to = AppendCanonical(to, item)
		}
		return append(to, ']')
	case Object:
		members := slices.Clone(value)
		slices.SortFunc(members, func(a, b Member) int { return CompareUTF16(a.Key, b.Key) })
		to = append(to, '{')
		for index, member := range members {
			if index > 0 {
				to = append(to, ',')
			}
			to = append(AppendString(to, member.Key), ':')
			to = AppendCanonical(to, member.Value)
		}
		return append(to, '}')
	default:
		panic(fmt.Sprintf("strictjson: %T is no value of Parse", value))
	}
}

// CompareUTF16 orders two strings by their UTF-16 code units. Bytes of UTF-8 are in the order of code points, which
// differs in one thing: what is beyond U+FFFF begins with a surrogate and so comes before U+E000–U+FFFF.
func CompareUTF16(a, b string) int {
	for index := 0; index < len(a) && index < len(b); index++ {
		one, other := a[index], b[index]
		if one == other {
			continue
		}
		// Only first bytes are that large, and after equal ones both strings are at a first byte or neither is.
		const highest = 0xee
		if one >= highest && other >= highest && (one >= 0xf0) != (other >= 0xf0) {
			return int(other) - int(one)
		}
		return int(one) - int(other)
	}
	return len(a) - len(b)
}

// AppendString appends a string in quotes, escaped no more than needed.
func AppendString(to []byte, text string) []byte {
	const hex = "0123456789abcdef"
	to = append(to, '"')
	run := 0
	for index := 0; index < len(text); index++ {
		letter := text[index]
		if plain(letter) {
			continue
		}
		to = append(to, text[run:index]...)
		run = index + 1
		switch letter {
		case '"', '\\':
			to = append(to, '\\', letter)
		case '\b':
			to = append(to, '\\', 'b')
		case '\f':
			to = append(to, '\\', 'f')
		case '\n':
			to = append(to, '\\', 'n')
		case '\r':
			to = append(to, '\\', 'r')
		case '\t':
			to = append(to, '\\', 't')
		default:
			to = append(to, '\\', 'u', '0', '0', hex[letter>>4], hex[letter&0xf])
		}
	}
	return append(append(to, text[run:]...), '"')
}

// checkNumber refuses what is not finite, and integers whose canonical literal lies beyond ±(2^53−1): 1E20, not 1E30.
func checkNumber(value float64) error {
	if math.IsInf(value, 0) || math.IsNaN(value) {
		return &Error{Code: NumberOutOfRange, Message: "number is not finite"}
	}
	if math.Abs(value) > IntegerMax && math.Abs(value) < 1e21 {
		return integerBeyond(string(appendNumber(nil, value)))
	}
	return nil
}

func integerBeyond(token string) *Error {
	return &Error{
		Code:    NumberOutOfRange,
		Message: fmt.Sprintf("integer %.40s is beyond ±(2^53−1)", token),
		Hint:    "send it as a string",
	}
}

// appendNumber appends a finite number as ECMAScript's Number::toString writes it.
func appendNumber(to []byte, value float64) []byte {
	if value == 0 {
		return append(to, '0')
	}
	if value < 0 {
		to = append(to, '-')
		value = -value
	}
	// d.ddde±xx: the shortest digits that give the number back, the nearest of them where there are several.
	var buffer [32]byte
	written := strconv.AppendFloat(buffer[:0], value, 'e', -1, 64)
	mark := slices.Index(written, 'e')
	exponent, _ := strconv.Atoi(string(written[mark+1:]))
	digits := written[:1]
	if mark > 1 {
		digits = append(digits, written[2:mark]...)
	}
	point := exponent + 1
	switch {
	case len(digits) <= point && point <= 21:
		to = append(to, digits...)
		return appendZeros(to, point-len(digits))
	case 0 < point && point <= 21:
		to = append(append(to, digits[:point]...), '.')
		return append(to, digits[point:]...)
	case -6 < point && point <= 0:
		to = appendZeros(append(to, '0', '.'), -point)
		return append(to, digits...)
	}
	to = append(to, digits[0])
	if len(digits) > 1 {
		to = append(append(to, '.'), digits[1:]...)
	}
	to = append(to, 'e')
	if exponent > 0 {
		to = append(to, '+')
	}
	return strconv.AppendInt(to, int64(exponent), 10)
}

func appendZeros(to []byte, count int) []byte {
	for ; count > 0; count-- {
		to = append(to, '0')
	}
	return to
}
