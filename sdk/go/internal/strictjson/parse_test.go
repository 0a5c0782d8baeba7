package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func TestOfSeveralReasonsTheOneThatIsMetFirstIsTold(t *testing.T) {
	for text, code := range map[string]string{
		`{"a":1,"a":9007199254740993}`: DuplicateKey,
		`{"a":9007199254740993,"a":1}`: NumberOutOfRange,
		`["\ud800",`:                   LoneSurrogate,
		`["\ud800\q"]`:                 MalformedJSON,
		`9007199254740993.`:            MalformedJSON,
		`1e400.`:                       NumberOutOfRange,
		strings.Repeat("[", 17) + `]`:  TooDeep,
		"[\xff":                        InvalidUTF8,
		"\ufeff1":                      MalformedJSON,
		``:                             MalformedJSON,
	} {
		if _, err := Parse([]byte(text)); codeOf(err) != code {
			t.Errorf("%.40q: %v, want %s", text, err, code)
		}
	}
}

func TestAKeyThatOccursTwiceIsSeenInObjectsOfAnySize(t *testing.T) {
	for size := 1; size <= 3*smallObject; size++ {
		var text strings.Builder
		text.WriteString("{")
		for index := range size {
			fmt.Fprintf(&text, `"k%d":0,`, index)
		}
		if _, err := Parse([]byte(text.String() + `"other":0}`)); err != nil {
			t.Fatal(size, err)
		}
		for index := range size {
			twice := fmt.Sprintf(`%s"\u006b%d":0}`, text.String(), index)
			if _, err := Parse([]byte(twice)); codeOf(err) != DuplicateKey {
				t.Fatalf("%d keys, the one of number %d again: %v", size, index, err)
			}
		}
	}
}

func TestASurrogateThatIsEncodedRawPairsWithAnEscapedOne(t *testing.T) {
	high, low := "\xed\xa0\xbd", "\xed\xb8\x82"
	for _, text := range []string{high + `\ude02`, `\ud83d` + low, high + low, "😂"} {
		value, err := ParseGeneralized([]byte(`"` + text + `"`))
		if err != nil || value != "😂" {
			t.Errorf("%q: %v %v", text, value, err)
		}
	}
	for _, text := range []string{high, low, low + high, high + "x" + low, `\ud83d` + "x"} {
		if _, err := ParseGeneralized([]byte(`"` + text + `"`)); codeOf(err) != LoneSurrogate {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ParseGeneralized([]byte(high)); codeOf(err) != MalformedJSON {
		t.Error("outside of a string a surrogate is no JSON:", err)
	}
}

func TestKeysAreOrderedByTheirCodeUnits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	letters := []rune("\x00a\u007f\u0080é\u07ff\u0800\ud7ff\ue000\ufb33\uffff\U00010000😂\U0010ffff")
	word := func() string {
		text := make([]rune, random.IntN(4))
		for index := range text {
			text[index] = letters[random.IntN(len(letters))]
		}
		return string(text)
	}
	sign := func(n int) int { return max(-1, min(1, n)) }
	for range 20_000 {
		one, other := word(), word()
		want := slices.Compare(utf16.Encode([]rune(one)), utf16.Encode([]rune(other)))
		if got := CompareUTF16(one, other); sign(got) != want {
			t.Fatalf("%q and %q: %d, want %d", one, other, got, want)
		}
	}
}

func TestNumbersAreWrittenShortAndReadBackAsTheyWere(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 50_000 {
		number := math.Float64frombits(random.Uint64())
		if checkNumber(number) != nil {
			continue
		}
		text := string(appendNumber(nil, number))
		back, err := strconv.ParseFloat(text, 64)
		if err != nil || back != number {
			t.Fatalf("%v is written as %s, which is %v", number, text, back)
		}
		if shortest := strconv.FormatFloat(number, 'e', -1, 64); digitsOf(text) != digitsOf(shortest) {
			t.Fatalf("%s has other digits than %s", text, shortest)
		}
	}
}

// digitsOf is the digits of a number without its exponent and the zeros around them.
func digitsOf(text string) string {
	mantissa, _, _ := strings.Cut(text, "e")
	return strings.Trim(strings.NewReplacer(".", "", "-", "").Replace(mantissa), "0")
}

func TestATextThatIsNotUTF8IsToldFromOneWithALoneSurrogate(t *testing.T) {
	for text, code := range map[string]string{
		"":                 "",
		"plain \ufffd é 😂": "",
		"\xff":             InvalidUTF8,
		"a\xed\xa0\x80":    LoneSurrogate,
		"\xed\xbf\xbf":     LoneSurrogate,
		"\xed\xa0":         InvalidUTF8,
		"\xed\xa0\x20":     InvalidUTF8,
		"\xed\xff\x80":     InvalidUTF8,
		"\xc0\x80":         InvalidUTF8,
	} {
		if err := CheckText(text); codeOf(err) != code {
			t.Errorf("%q: %v, want %s", text, err, code)
		}
	}
}

// FuzzParse compares with encoding/json, which is laxer: what that refuses is refused here as malformed, what is read
// here means the same there, and a canonical form is its own.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"b":[1,2.5e-3,-0,true,null],"a":{"\u20ac":"\ud83d\ude02"}}`, `[1e400]`, `{"a":1,"a":2}`, `"\ud800"`, `9007199254740993`,
		`[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]`, `{"a" : "\b\f\n\r\t\"\\\/"}`, `01`, `-`, `1.`, `tru`, `"`, `[1,]`, "\"\x00\"", " 1 ",
		"\"\xed\xa0\x80\"", "\xff", "1e21", "1e-7", "5e-324", "100000000000000000000",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		value, err := Parse(text)
		switch code := codeOf(err); {
		case err == nil:
			canonical := AppendCanonical(nil, value)
			again, err := Parse(canonical)
			if err != nil || !bytes.Equal(AppendCanonical(nil, again), canonical) {
				t.Fatalf("the canonical form %q is not its own: %v", canonical, err)
			}
			var before, after any
			if json.Unmarshal(text, &before) != nil || json.Unmarshal(canonical, &after) != nil || !reflect.DeepEqual(before, after) {
				t.Fatalf("%q does not mean %q", canonical, text)
			}
		case code == InvalidUTF8:
			if utf8.Valid(text) {
				t.Fatal("the text is UTF-8")
			}
		case code == MalformedJSON:
			if json.Valid(text) {
				t.Fatal("the text is JSON")
			}
		case code == "":
			t.Fatalf("an error without a code: %v", err)
		}
		// What is spelled without a surrogate is read alike where one might be.
		if generalized, other := ParseGeneralized(text); utf8.Valid(text) && (codeOf(other) != codeOf(err) || !reflect.DeepEqual(generalized, value)) {
			t.Fatalf("read in two ways: %v and %v", err, other)
		}
	})
}

func TestAnExponentIsReadWholeHoweverManyZerosItTakesBack(t *testing.T) {
	zeros := strings.Repeat("0", 100_001)
	for text, want := range map[string]string{
		"0." + zeros + "1e100002":                         "1",
		"-1" + zeros + "E-100001":                         "-1",
		"12.5" + zeros + "e-000000000000000000001":        "1.25",
		"3" + zeros + ".0e-100325":                        "5e-324",
		"1e-99999999999999999999999":                      "0",
		"0.0e99999999999999999999999":                     "0",
		"-0e100001":                                       "0",
		"1e99999999999999999999999":                       "",
		"1" + zeros + "e-99692":                           "",
		"0." + zeros + "9007199254740993e100018":          "",
		"0." + zeros + "17976931348623157e100310":         "1.7976931348623157e+308",
		strings.Repeat("9", 100_001) + "e-100000":         "10",
		"0." + strings.Repeat("9", 100_001) + "e00000000": "1",
	} {
		value, err := Parse([]byte(text))
		if want == "" {
			if codeOf(err) != NumberOutOfRange {
				t.Errorf("%.20s…: %v %v", text, value, err)
			}
			continue
		}
		if got := string(AppendCanonical(nil, value)); err != nil || got != want {
			t.Errorf("%.20s…: %s %v, want %s", text, got, err, want)
		}
	}
}
