package claudemesh

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/claudemesh/claudemesh/sdk/go/internal/strictjson"
)

type run struct {
	Number  int               `json:"number"`
	Rate    float64           `json:"rate,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
	Next    *run              `json:"next,omitempty"`
	Hidden  string            `json:"-"`
	private string
}

// ownText writes itself where it has an address.
type ownText struct{ Hidden string }

func (*ownText) MarshalText() ([]byte, error) { return []byte("own"), nil }

func TestMetaIsWhatEncodingJSONMakesOfAValueInCanonicalForm(t *testing.T) {
	var none *run
	for _, try := range []struct {
		meta any
		want string
	}{
		{nil, ""},
		{none, ""},
		{map[string]any{}, ""},
		{map[string]any(nil), ""},
		{json.RawMessage(nil), ""},
		{json.RawMessage(`null`), ""},
		{&struct{ Own ownText }{ownText{"\xff"}}, `{"Own":"own"}`},
		{json.RawMessage(` { } `), ""},
		{map[string]any{"b": true, "a": nil}, `{"a":null,"b":true}`},
		{map[string]int64{"max": 1<<53 - 1, "min": -(1<<53 - 1)}, `{"max":9007199254740991,"min":-9007199254740991}`},
		{map[string]float64{"a": math.Copysign(0, -1), "b": 1e21, "c": 1e-7, "d": 0.1}, `{"a":0,"b":1e+21,"c":1e-7,"d":0.1}`},
		{map[string]json.Number{"a": "1.50", "b": "1E30"}, `{"a":1.5,"b":1e+30}`},
		{map[string]string{"a": "<&>\u2028\u007f\x01"}, "{\"a\":\"<&>\u2028\u007f\\u0001\"}"},
		{map[string]any{"😂": 1, "\ufb33": 2}, "{\"😂\":1,\"\ufb33\":2}"},
		{map[int]string{10: "x", 9: "y"}, `{"10":"x","9":"y"}`},
		{run{Number: 1, Labels: map[string]string{"os": "linux"}, Next: &run{Number: 2}, Hidden: "\xff", private: "\xff"},
			`{"labels":{"os":"linux"},"next":{"number":2},"number":1}`},
		{map[string]any{"at": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, `{"at":"2026-01-02T03:04:05Z"}`},
		{map[string]any{"bytes": []byte{0xff, 0xfe}}, `{"bytes":"//4="}`},
		{json.RawMessage(`{"b":1.0,"a":"\u0041"}`), `{"a":"A","b":1}`},
	} {
		if got, err := CanonicalMeta(try.meta); got != try.want || err != nil {
			t.Errorf("%#v: %q %v, want %q", try.meta, got, err, try.want)
		}
	}
}

func TestMetaThatJSONWouldChangeWithoutAWordIsRefused(t *testing.T) {
	cyclic := map[string]any{}
	cyclic["self"] = cyclic
	round := &run{}
	round.Next = round
	shared := []any{}
	for range 12 {
		shared = []any{shared, shared, shared, shared, shared, shared}
	}
	deep := func(levels int) any {
		var value any = 1
		for range levels - 1 {
			value = []any{value}
		}
		return map[string]any{"a": value}
	}
	for name, try := range map[string]struct {
		meta any
		code ErrorCode
	}{
		"2^53":                      {map[string]any{"a": int64(1 << 53)}, ErrNumberOutOfRange},
		"-2^53":                     {map[string]any{"a": int64(-1 << 53)}, ErrNumberOutOfRange},
		"the largest uint64":        {map[string]any{"a": uint64(math.MaxUint64)}, ErrNumberOutOfRange},
		"1E20 as a float":           {map[string]any{"a": 1e20}, ErrNumberOutOfRange},
		"NaN":                       {map[string]any{"a": math.NaN()}, ErrNumberOutOfRange},
		"infinity":                  {map[string]any{"a": []float64{math.Inf(-1)}}, ErrNumberOutOfRange},
		"a number of 1E400":         {map[string]any{"a": json.Number("1E400")}, ErrNumberOutOfRange},
		"what is no number":         {map[string]any{"a": json.Number("0x10")}, ErrInvalidField},
		"a value not UTF-8":         {map[string]any{"a": "\xff"}, ErrInvalidUTF8},
		"a key not UTF-8":           {map[string]any{"\xff": 1}, ErrInvalidUTF8},
		"a lone surrogate":          {map[string]any{"a": []string{"\xed\xa0\x80"}}, ErrLoneSurrogate},
		"a field not UTF-8":         {run{Labels: map[string]string{"a": "\xff"}}, ErrInvalidUTF8},
		"raw JSON not UTF-8":        {json.RawMessage("{\"a\":\"\xff\"}"), ErrInvalidUTF8},
		"raw JSON, twice one key":   {json.RawMessage(`{"a":1,"\u0061":1}`), ErrDuplicateKey},
		"raw JSON within":           {map[string]any{"in": json.RawMessage(`{"a":1,"a":1}`)}, ErrDuplicateKey},
		"raw JSON within, no UTF-8": {map[string]any{"in": json.RawMessage("\"\xff\"")}, ErrInvalidUTF8},
		"a lone surrogate, escaped": {map[string]any{"in": json.RawMessage(`"\udc00"`)}, ErrLoneSurrogate},
		"raw JSON that is none":     {json.RawMessage(`{`), ErrMalformedJSON},
		"no raw JSON at all":        {json.RawMessage{}, ErrMalformedJSON},
		"a map in itself":           {cyclic, ErrTooDeep},
		"a struct in itself":        {round, ErrTooDeep},
		"too deep":                  {deep(17), ErrTooDeep},
		"what unfolds without end":  {map[string]any{"a": shared}, ErrMetaTooLarge},
		"8,193 bytes":               {map[string]any{"a": strings.Repeat("x", 8_193-8)}, ErrMetaTooLarge},
		"an array":                  {[]int{1}, ErrInvalidField},
		"a text":                    {"{}", ErrInvalidField},
		"a number":                  {1, ErrInvalidField},
		"a channel":                 {map[string]any{"a": make(chan int)}, ErrInvalidField},
		"a function":                {map[string]any{"a": func() {}}, ErrInvalidField},
		"a complex number":          {map[string]any{"a": 1i}, ErrInvalidField},
	} {
		if got, err := CanonicalMeta(try.meta); !errors.Is(err, try.code) {
			t.Errorf("%s: %.100q %v, want %s", name, got, err, try.code)
		}
	}
	for name, meta := range map[string]any{
		"as deep as may be":  deep(16),
		"as large as may be": map[string]any{"a": strings.Repeat("x", 8_192-8)},
	} {
		if _, err := CanonicalMeta(meta); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnyJSONHasItsCanonicalForm(t *testing.T) {
	for text, want := range map[string]string{`[ 1.0, "a" ]`: `[1,"a"]`, `null`: `null`, `{}`: `{}`, `-0`: `0`} {
		if got, err := CanonicalJSON([]byte(text)); got != want || err != nil {
			t.Errorf("%s: %q %v", text, got, err)
		}
	}
	if _, err := CanonicalJSON([]byte(`"` + strings.Repeat("x", 8_191) + `"`)); !errors.Is(err, ErrMetaTooLarge) {
		t.Error(err)
	}
}

func TestTheLimitsOfMetaAreThoseOfTheAPI(t *testing.T) {
	if strictjson.BytesMax != metaBytesMax || strictjson.DepthMax != metaDepthMax {
		t.Error(metaBytesMax, metaDepthMax)
	}
}

func TestALocalFingerprintNeedsOneContentAndNamedAttachments(t *testing.T) {
	file := SendAttachment{FileID: strings.Repeat("a", 64), Name: "a.txt", ContentType: "text/plain"}
	for name, try := range map[string]struct {
		request SendRequest
		code    ErrorCode
	}{
		"no content":               {SendRequest{To: "@bob"}, ErrMissingField},
		"text and bytes":           {SendRequest{To: "@bob", Message: "a", Body: Bytes("a")}, ErrInvalidField},
		"a text that is not UTF-8": {SendRequest{To: "@bob", Message: "\xff"}, ErrInvalidUTF8},
		"an unnamed attachment":    {SendRequest{To: "@bob", Message: "a", Attachments: []SendAttachment{{FileID: file.FileID}}}, ErrMissingField},
		"a control character":      {SendRequest{To: "@b\x00b", Message: "a"}, ErrControlCharacter},
	} {
		if _, err := LocalFingerprint(try.request, "mesh"); !errors.Is(err, try.code) {
			t.Errorf("%s: %v, want %s", name, err, try.code)
		}
	}
	fingerprints := map[string]bool{}
	other := file
	other.Name = "b.txt"
	for _, request := range []SendRequest{
		{To: "@bob", Message: "a"},
		{To: "@bob", Body: Bytes("a")},
		{To: "@bob", Message: "a", Attachments: []SendAttachment{file}},
		{To: "@bob", Message: "a", Attachments: []SendAttachment{other}},
		{To: "@bob", Message: "a", Attachments: []SendAttachment{file, other}},
	} {
		text, err := LocalFingerprint(request, "mesh")
		if err != nil {
			t.Fatal(err)
		}
		fingerprints[text] = true
	}
	same, err := LocalFingerprint(SendRequest{To: "@bob", Body: Bytes("a"), ContentType: "text/plain; charset=utf-8"}, "mesh")
	if err != nil || len(fingerprints) != 5 || !fingerprints[same] {
		t.Error(len(fingerprints), err)
	}
}
