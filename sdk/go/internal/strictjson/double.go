package strictjson

import (
	"math"
	"strconv"
	"strings"
)

const (
	// strconv reads no more digits of an exponent, whatever zeros stand before it.
	exponentDigitsMax = 5
	// Beyond 10^±400 every number is infinite or 0.
	exponentMax = 400
)

// doubleOf is the number that a token of JSON stands for; beyond the range of a float64 an infinity, which is refused
// with the rest.
func doubleOf(token string) float64 {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(token), "e")
	if len(exponent) <= exponentDigitsMax {
		value, _ := strconv.ParseFloat(token, 64)
		return value
	}
	// As many zeros may stand in the mantissa as the exponent takes back.
	unsigned, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(unsigned, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	zeros := len(whole) + len(fraction) - len(digits)
	sign := 1.0
	if negative {
		sign = -1
	}
	if digits == "" {
		return 0
	}
	// One that is no int64 is larger than any text could take back: the nearest one will do.
	power, _ := strconv.ParseInt(exponent, 10, 64)
	power = min(max(power, math.MinInt64/2), math.MaxInt64/2) + int64(len(whole)-zeros-1)
	if power > exponentMax {
		return sign * math.Inf(1)
	}
	if power < -exponentMax {
		return 0
	}
	value, _ := strconv.ParseFloat(digits[:1]+"."+digits[1:]+"e"+strconv.FormatInt(power, 10), 64)
	return sign * value
}
