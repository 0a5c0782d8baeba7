package claudemesh

import (
	"encoding"
	"encoding/json"
	"math"
	"reflect"
	"strings"

	"github.com/claudemesh/claudemesh/sdk/go/internal/strictjson"
)

// levelsMax is how deep what is written as JSON may refer: meta is nested less, also with a pointer at each level.
const levelsMax = 64

// checkTexts refuses texts that are not UTF-8 in what encoding/json is to write, which would change them without a
// word, and what contains itself. `valuesMax` is how many values it may unfold to.
func checkTexts(value any, valuesMax int) error {
	w := textWalk{left: valuesMax}
	return w.walk(reflect.ValueOf(value), levelsMax)
}

const anyNumber = math.MaxInt

type textWalk struct{ left int }

var (
	marshaler     = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
)

// walk looks through everything but values that write themselves.
func (w *textWalk) walk(value reflect.Value, levels int) error {
	if !value.IsValid() || writesItself(value) {
		return nil
	}
	if levels == 0 {
		return newError(ErrTooDeep, "what is to be written as JSON is nested too deep", "does it contain itself?")
	}
	switch value.Kind() {
	case reflect.String:
		return checkText(value.String())
	case reflect.Interface:
		return w.walk(value.Elem(), levels)
	case reflect.Pointer:
		return w.walk(value.Elem(), levels-1)
	case reflect.Map:
		return w.members(value, levels-1)
	case reflect.Slice, reflect.Array:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for index := range value.Len() {
			if err := w.counted(value.Index(index), levels-1); err != nil {
				return err
			}
		}
	case reflect.Struct:
		return w.fields(value, levels-1)
	}
	return nil
}

// writesItself as encoding/json asks it: by a method of the value, or of its address where it has one.
func writesItself(value reflect.Value) bool {
	of := value.Type()
	if of.Implements(marshaler) || of.Implements(textMarshaler) {
		return true
	}
	return value.CanAddr() && (reflect.PointerTo(of).Implements(marshaler) || reflect.PointerTo(of).Implements(textMarshaler))
}

func (w *textWalk) members(value reflect.Value, levels int) error {
	for each := value.MapRange(); each.Next(); {
		if err := w.walk(each.Key(), levels); err != nil {
			return err
		}
		if err := w.counted(each.Value(), levels); err != nil {
			return err
		}
	}
	return nil
}

func (w *textWalk) fields(value reflect.Value, levels int) error {
	for index := range value.NumField() {
		field := value.Type().Field(index)
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name == "-" || !(field.IsExported() || field.Anonymous) {
			continue
		}
		if err := w.walk(value.Field(index), levels); err != nil {
			return err
		}
	}
	return nil
}

// counted is one of many: each takes a byte at least.
func (w *textWalk) counted(value reflect.Value, levels int) error {
	if w.left--; w.left < 0 {
		return newError(ErrMetaTooLarge, "meta has more values than it may have bytes", "put large content into the body, or send a file")
	}
	return w.walk(value, levels)
}

func checkText(text string) error { return fromProfile(strictjson.CheckText(text)) }
