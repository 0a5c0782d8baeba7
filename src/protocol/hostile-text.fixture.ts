import fc from "fast-check";

/** Names of tags by which coding agents mark what is whose. */
export const guarded = [
  "claudemesh-message-0123456789abcdef",
  "claudemesh-notice",
  "cross-session-message",
  "channel",
  "system-reminder",
  "system_prompt",
  "function_calls",
  "function_results",
  "tool_result",
  "task-notification",
  "teammate-message",
  "local-command-stdout",
  "user-prompt-submit-hook",
  "antml:invoke",
  "bash-input",
  "ide_opened_file",
  "user_instructions",
  "environment_context",
] as const;

const invisible = [
  "\u200b",
  "\u200c",
  "\u200d",
  "\u2060",
  "\ufeff",
  "\u00ad",
  "\u034f",
  "\u3164",
  "\ufe0f",
  "\u{e0061}",
];
const fullwidth = (text: string) =>
  text.replace(/[!-~]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0));
const cyrillic: Readonly<Record<string, string>> = { a: "а", c: "с", e: "е", o: "о", p: "р", s: "ѕ", y: "у", h: "һ" };

/** Ways of writing one tag so that a reader takes it for the tag. */
export const disguises: Readonly<Record<string, (name: string) => string>> = {
  plain: (name) => `<${name}>`,
  closing: (name) => `</${name}>`,
  "with attributes": (name) => `<${name} from="uds:/tmp/x" verified="yes">`,
  capitals: (name) => `</${name.toUpperCase()}>`,
  "mixed case": (name) => `<${name[0]?.toUpperCase()}${name.slice(1)}>`,
  "spaces within": (name) => `< / ${name.replace(/[-_:]/, " - ")} >`,
  "line breaks within": (name) => `<\n/\r\n${name}\n>`,
  tabs: (name) => `<\t${name}`,
  unclosed: (name) => `</${name}`,
  "zero-width within": (name) => `<${[...name].join("\u200b")}>`,
  "every invisible character": (name) => `<${invisible.join("")}${name[0]}${invisible.join("")}${name.slice(1)}>`,
  "control characters": (name) => `<\u0000${name[0]}\u001b${name.slice(1)}>`,
  "direction turned": (name) => `<\u202e${name}\u202c>`,
  "named entities": (name) => `&lt;/${name}&gt;`,
  "entities in capitals": (name) => `&LT;${name}&GT;`,
  "entities without their end": (name) => `&lt${name}`,
  "decimal entities": (name) => `&#60;/${name}&#62;`,
  "padded entities": (name) => `&#0000060;${name}`,
  "hexadecimal entities": (name) => `&#x3C;${name}&#X3e;`,
  "doubled entities": (name) => `&amp;lt;${name}&amp;gt;`,
  "trebled entities": (name) => `&amp;amp;#60;${name}`,
  "an entity of a letter": (name) => `<&#${name.charCodeAt(0)};${name.slice(1)}>`,
  "an entity of something invisible": (name) => `<&#8203;${name[0]}&#x200b;${name.slice(1)}>`,
  "other entities within": (name) => `<&sol;${name[0]}&shy;&amp;&NewLine;${name.slice(1)}>`,
  "full width": (name) => fullwidth(`</${name}>`),
  "full width bracket alone": (name) => `＜${name}＞`,
  "other brackets": (name) => `‹/${name}›`,
  "mathematical letters": (name) =>
    `<${name.replace(/[a-z]/g, (letter) => String.fromCodePoint(0x1d41a + letter.charCodeAt(0) - 97))}>`,
  accents: (name) => `<${[...name].join("\u0301")}>`,
  "letters that look alike": (name) => `<${name.replace(/[aceopsyh]/g, (letter) => cyrillic[letter] ?? letter)}>`,
  nested: (name) => `<${name.slice(0, 3)}<${name}>${name.slice(3)}>`,
  "after another bracket": (name) => `<<<${name}>>>`,
  "dashes added": (name) => `<-${name}->`,
  backslash: (name) => `<\\/${name}>`,
};

/** Texts made of the pieces that such tags are made of, halves of pairs among them. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "<",
        "</",
        ">",
        "＜",
        "‹",
        "&lt;",
        "&#60;",
        "&amp;lt;",
        "&",
        "|",
        "/",
        " ",
        "\n",
        "\r\n",
        "-",
        "\\",
      ),
      fc.constantFrom(...invisible, "\u0000", "\u001b", "\u009b", "\u202e", "\u2066", "\u2028", "\u0301"),
      fc.constantFrom(
        ...guarded,
        "SYSTEM",
        "sys",
        "user",
        "cross-",
        "session-",
        "chan",
        "nel",
        "remin",
        "der",
        "s",
        "с",
      ),
      fc
        .constantFrom(...guarded)
        .chain((name) =>
          fc
            .tuple(fc.nat(name.length), fc.nat(name.length))
            .map(([a, b]) => name.slice(Math.min(a, b), Math.max(a, b))),
        ),
      fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code)),
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.string({ unit: "grapheme", maxLength: 6 }),
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(""));

/**
 * What is left of a text for a reader that overlooks all that can be overlooked: brackets and letters. Written apart from what it
 * judges: it changes the whole text, again and again, where that looks for beginnings of tags.
 */
export function skimmed(text: string): string {
  let plain = text;
  for (let layer = 0; layer < 4; layer += 1)
    plain = plain
      .replace(/&lt;?/gi, "<")
      .replace(/&gt;?/gi, ">")
      .replace(/&#0*(\d{1,7});?/g, (all, code: string) =>
        Number(code) < 0x110000 ? String.fromCodePoint(Number(code)) : all,
      )
      .replace(/&#x0*([0-9a-f]{1,5});?/gi, (_all, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
      .replace(/&amp;?/gi, "&")
      .replace(/&(?:sol|shy|NewLine);/g, "");
  return plain
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[‹〈⟨❬«]/g, "<")
    .replace(/[›〉⟩❭»]/g, ">")
    .replace(/[асеорѕуһ]/g, (letter) => Object.entries(cyrillic).find(([, other]) => other === letter)?.[0] ?? letter)
    .replace(/[\p{C}\p{M}\u115f\u1160\u3164\uffa0]/gu, "")
    .replace(/[^\p{L}\p{N}<>]/gu, "");
}

const squeezed = guarded.map((name) => name.replace(/[^a-z0-9]/g, ""));

/** The guarded tag that a text opens or closes, for such a reader; null: none. */
export function tagSeenIn(text: string): string | null {
  const skim = skimmed(text);
  return squeezed.find((name) => skim.includes(`<${name}`)) ?? (/<claudemesh/.test(skim) ? "claudemesh" : null);
}
