import { bugsIn, type PlantedBug } from "./planted-bug.ts";

const strictJson = "sdk/go/internal/strictjson";
const fingerprint = "sdk/go/internal/fingerprint";

export const goBugs: readonly PlantedBug[] = [
  ...bugsIn(`${strictJson}/canonical.go`, [
    [
      "keys in the order of bytes",
      "if one >= highest && other >= highest &&",
      "if false && one >= highest && other >= highest &&",
    ],
    [
      "keys in the order of the text",
      "slices.SortFunc(members, func(a, b Member) int { return CompareUTF16(a.Key, b.Key) })",
      "_ = CompareUTF16",
    ],
    ["minus zero keeps its sign", "if value == 0 {", "if value == 0 && !math.Signbit(value) {"],
    ["exponents begin one place late", "case -6 < point && point <= 0:", "case -7 < point && point <= 0:"],
    ["an exponent without its plus", "if exponent > 0 {", "if exponent > 21 {"],
    ["1E20 passes", "math.Abs(value) < 1e21 {", "math.Abs(value) < 1e20 {"],
    ["infinity passes", "if math.IsInf(value, 0) || math.IsNaN(value) {", "if math.IsNaN(value) {"],
    ["escapes in capitals", 'const hex = "0123456789abcdef"', 'const hex = "0123456789ABCDEF"'],
  ]),
  ...bugsIn(`${strictJson}/parse.go`, [
    ["the last of two members with one key wins", "if member.Key == key {", "if member.Key == key && len(key) > 64 {"],
    [
      "the last of two members with one key wins in a large object",
      "if _, known := (*keys)[key]; known {",
      "if _, known := (*keys)[key]; known && len(key) > 64 {",
    ],
    ["depth off by one", "if depth > DepthMax {", "if depth >= DepthMax {"],
    [
      "integers are rounded where their canonical form has an exponent",
      "if integer && math.Abs(value) > IntegerMax {",
      "if integer && math.Abs(value) > 1e300 {",
    ],
    ["broken UTF-8 passes", "if !utf8.Valid(text) {", "if len(text) > 1<<30 && !utf8.Valid(text) {"],
    ["a form feed is space", "case ' ', '\\n', '\\r', '\\t':", "case ' ', '\\n', '\\r', '\\t', '\\f':"],
  ]),
  ...bugsIn(`${strictJson}/string.go`, [
    ["a lone surrogate passes", "if units.finish(); units.lone {", "if units.finish(); units.lone && false {"],
    ["escapes in small letters alone", "case letter >= 'A' && letter <= 'F':", "case letter >= 'A' && letter < 'A':"],
    ["a control character passes in a string", "return letter >= 0x20 &&", "return letter >= 0x1f &&"],
  ]),
  ...bugsIn(`${strictJson}/meta.go`, [
    ["size in characters", "if len(text) > BytesMax {", "if len([]rune(string(text))) > BytesMax {"],
    ["size off by one", "if len(text) > BytesMax {", "if len(text) >= BytesMax {"],
    ["an empty object is a meta", "if len(value) == 0 {", "if len(value) < 0 {"],
  ]),
  ...bugsIn(`${fingerprint}/fingerprint.go`, [
    ["mentions in the order of the envelope", "slices.SortFunc(parts.Mentions, strictjson.CompareUTF16)", ""],
    ["mentions twice", "parts.Mentions = slices.Compact(parts.Mentions)", ""],
    ["another default priority", 'DefaultPriority    = "next"', 'DefaultPriority    = "now"'],
    [
      "another default content type",
      'DefaultContentType = "text/plain; charset=utf-8"',
      'DefaultContentType = "text/plain"',
    ],
    ["only a NUL is a control character", "return letter < 0x20 })", "return letter == 0 })"],
  ]),
  ...bugsIn(`${fingerprint}/version1.go`, [
    ["joined without a boundary", 'strings.Join(fields, "\\x00")', 'strings.Join(fields, "")'],
  ]),
  ...bugsIn(`${fingerprint}/version2.go`, [
    ["lengths with the lowest byte first", "binary.BigEndian.AppendUint64", "binary.LittleEndian.AppendUint64"],
    ["another tag", '"claudemesh:rf:v2"', '"claudemesh:rf:v1"'],
  ]),
];
