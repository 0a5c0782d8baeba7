import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { harmless, harmlessStart, harmlessValue } from "./harmless-text.ts";
import { disguises, guarded, hostileText, tagSeenIn } from "./hostile-text.fixture.ts";

for (const [disguise, write] of Object.entries(disguises)) {
  test(`a tag in disguise is not one any more: ${disguise}`, () => {
    for (const name of guarded) {
      const written = write(name);
      for (const text of [written, `before ${written} after`, `${written}${written}`, `\n${written}\n`]) {
        assert.notEqual(tagSeenIn(text), null, `the reader of this test sees ${JSON.stringify(text)}`);
        assert.equal(tagSeenIn(harmless(text)), null, JSON.stringify(harmless(text)));
      }
    }
  });
}

test("no text opens or closes a tag, whatever it is made of, and what was made harmless stays as it is", () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const shown = harmless(text);
      assert.equal(tagSeenIn(shown), null, JSON.stringify(shown));
      assert.doesNotMatch(
        shown,
        /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2060-\u2069\u200b\u200e\u200f\ufeff]/,
      );
      assert.ok(shown.isWellFormed());
      assert.equal(harmless(shown), shown);
    }),
    { numRuns: 3_000 },
  );
});

test("the beginning of a text has at most as many characters as it may, and what is cut is no tag either", () => {
  fc.assert(
    fc.property(hostileText, fc.nat(120), (text, charsMax) => {
      const { shown, chars } = harmlessStart(text, charsMax);
      assert.ok(shown.length <= charsMax);
      assert.equal(shown, harmless(text.slice(0, chars)));
      assert.equal(tagSeenIn(`${shown}system-reminder>`), null, "something may follow what is cut");
      assert.equal(tagSeenIn(`${shown}ystem-reminder>`), null, "something may follow what is cut");
      if (harmless(text).length <= charsMax) assert.equal(chars, text.length);
      // Nothing is left off that would have fitted, but for the few characters of an escape where the cut is.
      else assert.ok(harmless(text.slice(0, chars + 24)).length > charsMax, JSON.stringify({ shown, charsMax }));
    }),
    { numRuns: 3_000 },
  );
});

test("a tag that the cut goes through is shown as an escape, wherever it is cut", () => {
  const text = "hello </system-reminder> and <channel source='x'> and &lt;system-reminder&gt;";
  for (let charsMax = 0; charsMax <= harmless(text).length; charsMax += 1) {
    const { shown } = harmlessStart(text, charsMax);
    assert.ok(shown.length <= charsMax);
    for (let rest = 0; rest < 20; rest += 1)
      assert.equal(tagSeenIn(`${shown}${"/system-reminder>".slice(rest)}`), null, shown);
  }
});

test("control characters, turned directions, NUL and halves of pairs are shown as escapes that say which", () => {
  assert.equal(harmless("a\u0000b"), "a\\u0000b");
  assert.equal(harmless("\u001b[31mred\u001b[0m"), "\\u001b[31mred\\u001b[0m");
  assert.equal(harmless("\u001b]0;title\u0007"), "\\u001b]0;title\\u0007");
  assert.equal(harmless("\u009b2J"), "\\u009b2J");
  assert.equal(harmless("\u001b]8;;http://evil\u001b\\link"), "\\u001b]8;;http://evil\\u001b\\link");
  assert.equal(harmless("access\u202ecod.exe\u202c"), "access\\u202ecod.exe\\u202c");
  assert.equal(harmless("\u2066x\u2069\u200f"), "\\u2066x\\u2069\\u200f");
  assert.equal(harmless("half \ud83d and \udd25"), "half \\ud83d and \\udd25");
  assert.equal(harmless("tags \u{e0068}\u{e0069}"), "tags \\u{e0068}\\u{e0069}");
  assert.equal(harmless("over\rwritten"), "over\\u000dwritten");
  assert.equal(harmless("a\r\nb\tc\n"), "a\nb\tc\n");
  assert.equal(harmless("a\u2028b\u0085c"), "a\\u2028b\\u0085c");
});

test("ordinary text stays as it was written: code, markup, scripts, emoji", () => {
  for (const text of [
    "if (a < b && c > d) return x<T>(y);",
    "const list: Map<string, Array<number>> = new Map();",
    "#include <stdio.h>\nstd::cout << value << std::endl;",
    "<div class='a'><p>Hello &amp; welcome &lt;b&gt;</p></div>",
    'List<String> names; // a "quoted" \\u0041 \\n path C:\\temp',
    "a <- b; c <= d; <!-- comment --> 5 < 7",
    "naïve café, Ελληνικά, Русский, 中文, 日本語, العربية, हिन्दी",
    "❤️‍🔥 👩‍👩‍👧 می‌خواهم",
    "x < user.count and y < system.load",
    "| a | b |\n|---|---|",
  ])
    assert.equal(harmless(text), text);
});

test("joiners that scripts and emoji need stay, a row of them is shown", () => {
  assert.equal(harmless("\u200d\u200c\u200d\u200c\u200d"), "\u200d\u200c\\u200d\\u200c\\u200d");
});

test("words of everyday text count as tags only where a tag's name would end", () => {
  assert.equal(harmless("<system>"), "\\u003csystem>");
  assert.equal(harmless("</ User >"), "\\u003c/ User >");
  assert.equal(harmless("<assistant name='x'>"), "\\u003cassistant name='x'>");
  assert.equal(harmless("<<SYS>>"), "<\\u003cSYS>>");
  assert.equal(harmless("<users>"), "<users>");
  assert.equal(harmless("a < system.load"), "a < system.load");
});

test("tokens by which models part a conversation are shown as escapes", () => {
  assert.equal(harmless("<|im_start|>system"), "\\u003c|im_start|>system");
  assert.equal(harmless("<\u200b|end|>"), "\\u003c\\u200b|end|>");
  assert.equal(harmless("＜｜end▁of▁sentence｜＞"), "\\uff1c｜end▁of▁sentence｜＞");
  assert.equal(harmless("x <| y"), "x <| y");
});

test("a value between quotation marks does not end them, and stays on its line", () => {
  assert.equal(harmlessValue('a"b', 20), "a\\u0022b");
  assert.equal(harmlessValue("a'b", 20, "'"), "a\\u0027b");
  assert.equal(harmlessValue("<x>&\n\t\u202e", 60), "\\u003cx\\u003e\\u0026\\u000a\\u0009\\u202e");
  assert.equal(harmlessValue("abcdef", 6), "abcdef");
  assert.equal(harmlessValue("abcdefg", 6), "abcde…");
  fc.assert(
    fc.property(hostileText, fc.integer({ min: 1, max: 60 }), (text, charsMax) => {
      const value = harmlessValue(text, charsMax);
      assert.ok(value.length <= charsMax);
      assert.doesNotMatch(value, /["<>&\n\r\t\u0000\u001b\u202e]/);
      assert.ok(value.isWellFormed());
    }),
    { numRuns: 2_000 },
  );
});

test("a megabyte made to be slow takes no longer than its length", () => {
  const million = 1_000_000;
  const texts = [
    "<".repeat(million),
    "<\u200b".repeat(million / 2),
    `<${"-".repeat(million)}`,
    "&amp;".repeat(million / 5),
    "&".repeat(million),
    `&${"amp;".repeat(million / 4)}`,
    "&#38;".repeat(million / 5),
    "&lt;s".repeat(million / 5),
    "<system-reminde".repeat(million / 15),
    "\u200d".repeat(million),
    "\ud800".repeat(million),
  ];
  for (const text of texts) {
    const began = process.cpuUsage().user;
    harmlessStart(text, million);
    const tookMs = (process.cpuUsage().user - began) / 1_000;
    // A quadratic scan of any of these would take minutes.
    assert.ok(tookMs < 20_000, `${text.slice(0, 10)}: ${tookMs} ms`);
  }
});
