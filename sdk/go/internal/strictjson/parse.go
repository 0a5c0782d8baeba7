// Package strictjson reads JSON as the profile of claudemesh wants it (RFC 8259 with the restrictions of I-JSON) and writes
// its canonical form (RFC 8785). It sees what encoding/json hides: duplicate keys, integers beyond ±(2^53−1), lone
// surrogates and broken UTF-8.
package strictjson

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// DepthMax is how deep meta may be nested; the outermost value is at depth 1.
const DepthMax = 16

// IntegerMax is the largest integer that every reader of JSON keeps: 2^53−1.
const IntegerMax = 1<<53 - 1

// Codes of refusals, as they travel.
const (
	MalformedJSON    = "malformed_json"
	DuplicateKey     = "duplicate_key"
	NumberOutOfRange = "number_out_of_range"
	InvalidUTF8      = "invalid_utf8"
	LoneSurrogate    = "lone_surrogate"
	TooDeep          = "too_deep"
)

// Error is a text that was refused, or a value.
type Error struct {
	Code    string
	Message string
	Hint    string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Value is what was read: nil, bool, float64, string, []Value or Object. Strings are UTF-8.
type Value any

// Object is what was read between braces, in the order of the text.
type Object []Member

// Member is one of an object's members.
type Member struct {
	Key   string
	Value Value
}

// Parse reads one text. What is refused is told as *Error; where several reasons apply, it is the one met first.
func Parse(text []byte) (Value, error) {
	if !utf8.Valid(text) {
		return nil, &Error{Code: InvalidUTF8, Message: "the text is not UTF-8"}
	}
	return parse(text)
}

// ParseGeneralized is Parse of a text that may hold surrogates encoded like other characters (WTF-8), as
// [DecodeString] gives it for a string with lone ones. In a string each is refused as an escaped one is.
func ParseGeneralized(text []byte) (Value, error) { return parse(text) }

func parse(text []byte) (Value, error) {
	p := parser{text: text}
	p.space()
	value, err := p.value(0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.at < len(p.text) {
		return nil, p.malformed("text after the value")
	}
	return value, nil
}

// parser makes one pass of recursive descent over a text.
type parser struct {
	text []byte
	at   int
}

// peek is the byte at hand; 0, which begins nothing, at the end.
func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) value(depth int) (Value, error) {
	switch p.peek() {
	case '{':
		return p.object(depth + 1)
	case '[':
		return p.array(depth + 1)
	case '"':
		return p.string()
	case 't':
		return p.word("true", true)
	case 'f':
		return p.word("false", false)
	case 'n':
		return p.word("null", nil)
	default:
		return p.number()
	}
}

func (p *parser) object(depth int) (Value, error) {
	if err := p.enter(depth); err != nil {
		return nil, err
	}
	object := Object{}
	var keys keySet
	p.space()
	if p.take('}') {
		return object, nil
	}
	for {
		if p.peek() != '"' {
			return nil, p.malformed("a key in quotes expected")
		}
		key, err := p.string()
		if err != nil {
			return nil, err
		}
		if !keys.add(object, key) {
			return nil, &Error{Code: DuplicateKey, Message: fmt.Sprintf("key %.80q occurs twice", key)}
		}
		p.space()
		if !p.take(':') {
			return nil, p.malformed("':' expected")
		}
		p.space()
		value, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		object = append(object, Member{Key: key, Value: value})
		p.space()
		if p.take('}') {
			return object, nil
		}
		if !p.take(',') {
			return nil, p.malformed("',' or '}' expected")
		}
		p.space()
	}
}

func (p *parser) array(depth int) (Value, error) {
	if err := p.enter(depth); err != nil {
		return nil, err
	}
	items := []Value{}
	p.space()
	if p.take(']') {
		return items, nil
	}
	for {
		item, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		p.space()
		if p.take(']') {
			return items, nil
		}
		if !p.take(',') {
			return nil, p.malformed("',' or ']' expected")
		}
		p.space()
	}
}

func (p *parser) enter(depth int) error {
	if depth > DepthMax {
		return &Error{Code: TooDeep, Message: fmt.Sprintf("nested deeper than %d", DepthMax)}
	}
	p.at++
	return nil
}

func (p *parser) number() (Value, error) {
	start := p.at
	integer, ok := p.numberToken()
	if !ok {
		return nil, p.malformed("a value expected")
	}
	token := string(p.text[start:p.at])
	value := doubleOf(token)
	if integer && math.Abs(value) > IntegerMax {
		return nil, integerBeyond(token)
	}
	if err := checkNumber(value); err != nil {
		return nil, err
	}
	return value, nil
}

// numberToken passes over a number (RFC 8259 §6); false where none is, or it breaks off. Tells whether it is written as
// an integer.
func (p *parser) numberToken() (integer, ok bool) {
	p.take('-')
	if !p.take('0') && !p.digits() {
		return false, false
	}
	integer = true
	if p.take('.') {
		if integer = false; !p.digits() {
			return false, false
		}
	}
	if p.take('e') || p.take('E') {
		_ = p.take('+') || p.take('-')
		if integer = false; !p.digits() {
			return false, false
		}
	}
	return integer, true
}

// digits passes over one or more.
func (p *parser) digits() bool {
	start := p.at
	for p.peek() >= '0' && p.peek() <= '9' {
		p.at++
	}
	return p.at > start
}

func (p *parser) word(word string, value Value) (Value, error) {
	if len(p.text)-p.at < len(word) || string(p.text[p.at:p.at+len(word)]) != word {
		return nil, p.malformed("a value expected")
	}
	p.at += len(word)
	return value, nil
}

func (p *parser) take(letter byte) bool {
	if p.peek() != letter {
		return false
	}
	p.at++
	return true
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\n', '\r', '\t':
			p.at++
		default:
			return
		}
	}
}

func (p *parser) malformed(what string) *Error {
	return &Error{Code: MalformedJSON, Message: fmt.Sprintf("not JSON at byte %d: %s", p.at, what)}
}

// smallObject is up to how many members looking through them is quicker than a map.
const smallObject = 8

// keySet knows the keys of the object that is being read.
type keySet map[string]struct{}

// add tells whether `key` is new beside the members read so far.
func (keys *keySet) add(members Object, key string) bool {
	if len(members) < smallObject {
		for _, member := range members {
			if member.Key == key {
				return false
			}
		}
		return true
	}
	if *keys == nil {
		*keys = make(keySet, 2*smallObject)
		for _, member := range members {
			(*keys)[member.Key] = struct{}{}
		}
	}
	if _, known := (*keys)[key]; known {
		return false
	}
	(*keys)[key] = struct{}{}
	return true
}
