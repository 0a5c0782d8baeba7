import { bugsIn, type PlantedBug } from "./planted-bug.ts";

export const pythonBugs: readonly PlantedBug[] = [
  ...bugsIn("sdk/python/src/claudemesh/_json.py", [
    [
      "keys in the order of code points",
      'text.encode("utf-16-be", "surrogatepass")',
      'text.encode("utf-8", "surrogatepass")',
    ],
    ["keys in the order of the text", "keys.sort(key=None if all(map(str.isascii, keys)) else code_units)", "pass"],
    ["minus zero keeps its sign", 'return "0" if value == 0 else text[:-2]', "return text[:-2]"],
    ["the last of two members with one key wins", "if key in members:", "if key in members and len(key) > 64:"],
    ["exponents as Python writes them", 'return f"{mantissa}e{exponent}"', "return text"],
    ["an exponent without its plus", 'return f"{mantissa}e+{exponent}"', 'return f"{mantissa}e{exponent}"'],
    ["exponents begin one place early", "if exponent < -6:", "if exponent < -5:"],
    [
      "a lone surrogate is replaced",
      'text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")',
      'text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")',
    ],
    [
      "depth off by one",
      `if depth + 1 > self._depth_max:
            raise ClaudemeshError("too_deep", f"nested deeper than {self._depth_max}")
        self._at += 1`,
      `if depth + 1 >= self._depth_max:
            raise ClaudemeshError("too_deep", f"nested deeper than {self._depth_max}")
        self._at += 1`,
    ],
    ["1E20 passes", "_EXPONENT_FROM: Final = 1e21", "_EXPONENT_FROM: Final = 1e20"],
    ["a byte order mark is swallowed", 'text = source.decode("utf-8")', 'text = source.decode("utf-8-sig")'],
    ["broken UTF-8 is replaced", 'text = source.decode("utf-8")', 'text = source.decode("utf-8", "replace")'],
    ["escapes in small letters alone", "[0-9a-fA-F]{4}", "[0-9a-f]{4}"],
    ["digits of every script", "[eE][+-]?[0-9]+", "[eE][+-]?\\d+"],
    ["a control character passes in a string", "r'[^\"\\\\\\x00-\\x1f]*'", "r'[^\"\\\\\\x01-\\x1f]*'"],
    ["characters beyond ASCII are escaped", "ensure_ascii=False", "ensure_ascii=True"],
    ["infinity passes", 'value in (float("inf"), float("-inf"))', "False"],
  ]),
  ...bugsIn("sdk/python/src/claudemesh/_meta.py", [
    ["size in characters", 'len(text) if text.isascii() else len(text.encode("utf-8"))', "len(text)"],
    ["size off by one", "if size > META_BYTES_MAX:", "if size >= META_BYTES_MAX:"],
    ["an empty object is a meta", 'return "" if text == "{}" else text', "return text"],
  ]),
  ...bugsIn("sdk/python/src/claudemesh/_fingerprint.py", [
    ["mentions in the order of the envelope", "sorted(set(mentions), key=code_units)", "list(dict.fromkeys(mentions))"],
    ["mentions twice", "sorted(set(mentions), key=code_units)", "sorted(mentions, key=code_units)"],
    ["lengths with the lowest byte first", 'to_bytes(8, "big")', 'to_bytes(8, "little")'],
    ["version 1 joined without a boundary", '"\\0".join(fields)', '"".join(fields)'],
    [
      "another default content type",
      'TEXT_TYPE: Final = "text/plain; charset=utf-8"',
      'TEXT_TYPE: Final = "text/plain"',
    ],
    [
      "another default priority",
      `reply_to: str = "",
    priority: Priority = "next"`,
      `reply_to: str = "",
    priority: Priority = "low"`,
    ],
    ["version 2 under another tag", 'b"claudemesh:rf:v2"', 'b"claudemesh:rf:v1"'],
    ["only a NUL is a control character", 'any(char < " " for char in text)', 'any(char == "\\0" for char in text)'],
  ]),
];
