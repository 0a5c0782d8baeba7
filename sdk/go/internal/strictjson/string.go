package strictjson

import (
	"unicode/utf16"
	"unicode/utf8"
)

// string reads one string; its first quote is at hand. A lone surrogate is refused once the string is complete, so that
// a text which is no JSON at all is told as that.
func (p *parser) string() (string, error) {
	units, err := p.codeUnits()
	if err != nil {
		return "", err
	}
	if units.finish(); units.lone {
		return "", &Error{Code: LoneSurrogate, Message: "a string has a lone surrogate"}
	}
	return string(units.text), nil
}

// DecodeString reads a text that is one JSON string. Lone surrogates stay, encoded like other characters (WTF-8), and
// so do bytes that are not UTF-8.
func DecodeString(token []byte) (string, error) {
	p := parser{text: token}
	if p.peek() != '"' {
		return "", p.malformed("a string expected")
	}
	units, err := p.codeUnits()
	if err != nil {
		return "", err
	}
	if p.at < len(p.text) {
		return "", p.malformed("text after the string")
	}
	units.finish()
	return string(units.text), nil
}

func (p *parser) codeUnits() (*codeUnits, error) {
	p.at++
	units := codeUnits{}
	for {
		run := p.at
		for p.at < len(p.text) && plain(p.text[p.at]) && !surrogateAt(p.text, p.at) {
			p.at++
		}
		units.bytes(p.text[run:p.at])
		switch {
		case p.at == len(p.text):
			return nil, p.malformed("string without end")
		case p.text[p.at] == '"':
			p.at++
			return &units, nil
		case p.text[p.at] == '\\':
			if err := p.escape(&units); err != nil {
				return nil, err
			}
		case surrogateAt(p.text, p.at):
			units.unit(rune(p.text[p.at]&0x0f)<<12 | rune(p.text[p.at+1]&0x3f)<<6 | rune(p.text[p.at+2]&0x3f))
			p.at += 3
		default:
			return nil, p.malformed("control character in a string")
		}
	}
}

// plain tells whether a byte may stand in a string as it is.
func plain(letter byte) bool { return letter >= 0x20 && letter != '"' && letter != '\\' }

// surrogateAt tells whether the three bytes from `at` on encode a surrogate, which UTF-8 does not allow.
func surrogateAt(text []byte, at int) bool {
	return text[at] == 0xed && at+2 < len(text) && text[at+1] >= 0xa0
}

func (p *parser) escape(units *codeUnits) error {
	letter := byte(0)
	if p.at+1 < len(p.text) {
		letter = p.text[p.at+1]
	}
	switch letter {
	case '"', '\\', '/':
		units.unit(rune(letter))
	case 'b':
		units.unit('\b')
	case 'f':
		units.unit('\f')
	case 'n':
		units.unit('\n')
	case 'r':
		units.unit('\r')
	case 't':
		units.unit('\t')
	case 'u':
		unit, ok := hexUnit(p.text, p.at+2)
		if !ok {
			return p.malformed("\\u needs four hex digits")
		}
		units.unit(unit)
		p.at += 4
	default:
		return p.malformed("unknown escape")
	}
	p.at += 2
	return nil
}

func hexUnit(text []byte, at int) (rune, bool) {
	if at+4 > len(text) {
		return 0, false
	}
	unit := rune(0)
	for _, letter := range text[at : at+4] {
		unit <<= 4
		switch {
		case letter >= '0' && letter <= '9':
			unit |= rune(letter - '0')
		case letter >= 'a' && letter <= 'f':
			unit |= rune(letter-'a') + 10
		case letter >= 'A' && letter <= 'F':
			unit |= rune(letter-'A') + 10
		default:
			return 0, false
		}
	}
	return unit, true
}

// codeUnits puts a string together from UTF-16 code units and from bytes between them. `high` is a first half of a pair
// whose second may still come; 0 for none. finish says that none comes.
type codeUnits struct {
	text []byte
	high rune
	lone bool
}

func (u *codeUnits) bytes(run []byte) {
	if len(run) == 0 {
		return
	}
	u.finish()
	u.text = append(u.text, run...)
}

func (u *codeUnits) unit(unit rune) {
	if u.high != 0 {
		if pair := utf16.DecodeRune(u.high, unit); pair != utf8.RuneError {
			u.high = 0
			u.text = utf8.AppendRune(u.text, pair)
			return
		}
		u.finish()
	}
	switch {
	case !utf16.IsSurrogate(unit):
		u.text = utf8.AppendRune(u.text, unit)
	case unit < 0xdc00:
		u.high = unit
	default:
		u.surrogate(unit)
	}
}

func (u *codeUnits) finish() {
	if u.high != 0 {
		u.surrogate(u.high)
		u.high = 0
	}
}

func (u *codeUnits) surrogate(unit rune) {
	u.lone = true
	u.text = append(u.text, 0xe0|byte(unit>>12), 0x80|byte(unit>>6)&0x3f, 0x80|byte(unit)&0x3f)
}

// CheckText refuses a text that is not UTF-8. An encoded surrogate is told as what it is.
func CheckText(text string) error {
	if utf8.ValidString(text) {
		return nil
	}
	for index := 0; index < len(text); {
		if letter, size := utf8.DecodeRuneInString(text[index:]); letter != utf8.RuneError || size > 1 {
			index += size
			continue
		}
		if rest := []byte(text[index:]); surrogateAt(rest, 0) && rest[1] < 0xc0 && rest[2]&0xc0 == 0x80 {
			return &Error{Code: LoneSurrogate, Message: "a text has a lone surrogate"}
		}
		break
	}
	return &Error{Code: InvalidUTF8, Message: "a text is not UTF-8", Hint: "send bytes as the body of a message"}
}
