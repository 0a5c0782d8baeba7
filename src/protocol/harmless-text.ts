/**
 * Text from elsewhere, made safe to stand between delimiters that a coding agent reads by. Whatever could be taken for one of
 * those delimiters, or hides what it says, is shown as `\uXXXX`: a reader still sees what was written, and nothing of it acts.
 * Pure; in effect idempotent: what it has made harmless it leaves as it is.
 */
export function harmless(text: string): string {
  let shown = "";
  let from = 0;
  for (const { at, length, as } of replacements(text)) {
    shown += text.slice(from, at) + as;
    from = at + length;
  }
  return shown + text.slice(from);
}

/** The beginning of a text, made harmless, in at most `charsMax` characters; `chars`: how much of the text that is. */
export function harmlessStart(text: string, charsMax: number): { readonly shown: string; readonly chars: number } {
  let chars = wholeCharacters(text, fittingLength(text, charsMax));
  let shown = harmless(text.slice(0, chars));
  // What ends where the cut is may be the beginning of a delimiter, which is shown as an escape: a few characters more.
  while (shown.length > charsMax) {
    chars = wholeCharacters(text, chars - 1);
    shown = harmless(text.slice(0, chars));
  }
  return { shown, chars };
}

/** A value between quotation marks of the kind `quote`, on one line, in at most `charsMax` characters. */
export function harmlessValue(text: string, charsMax: number, quote: '"' | "'" = '"'): string {
  let shown = "";
  let beforeCut = "";
  for (const character of text.slice(0, charsMax + 1)) {
    const acts =
      [hidden, opening, closing, /[&\n\t]/].some((pattern) => pattern.test(character)) || character === quote;
    const piece = acts ? escaped(character) : character;
    shown += piece;
    if (shown.length > charsMax) return `${beforeCut}…`;
    if (shown.length < charsMax) beforeCut = shown;
  }
  return shown;
}

/**
 * Beginnings of the names of tags by which coding agents mark what is whose: ours, those of a session's messages and channels,
 * of a client's reminders and context, of commands, of calls and results of tools. Letters alone: every other sign within is passed over.
 */
const tagNames: readonly string[] = [
  "claudemesh",
  "crosssession",
  "channel",
  "systemreminder",
  "systemprompt",
  "teammatemessage",
  "tasknotification",
  "userpromptsubmithook",
  "sessionstarthook",
  "commandname",
  "commandmessage",
  "commandargs",
  "localcommand",
  "bashinput",
  "bashstd",
  "ideselection",
  "ideopenedfile",
  "newdiagnostics",
  "hookprompt",
  "userinstructions",
  "environmentcontext",
  "functioncalls",
  "functionresults",
  "toolresult",
  "tooluse",
  "antml",
];

/** Names of tags that are words of everyday text too: they count only where a tag's name would end after them. */
const tagWords: readonly string[] = [
  "system",
  "sys",
  "user",
  "assistant",
  "human",
  "developer",
  "tool",
  "invoke",
  "instructions",
];

/**
 * Characters that no eye sees, or that turn the direction of others: controls, what Unicode says may be ignored (zero-width
 * ones, tags, selectors, fillers), separators of lines, halves of pairs. The joiners and selectors that scripts and emoji
 * are written with stay, but not a row of them, which would be a text of its own.
 */
const hidden = /[[\p{Cc}\p{DI}\p{Cs}\p{Zl}\p{Zp}\ufff9-\ufffb]--[\n\t\u200c\u200d\ufe0e\ufe0f]]/v;
const joiner = /(?:\u200c|\u200d|\ufe0e|\ufe0f)/;

/** What opens a tag, or looks as if it did. */
const opening =
  /[<\u226e\u2280\uff1c\ufe64\ufe3d\ufe3f\u2039\u3008\u2329\u27e8\u276c\u276e\u27ea\u300a\u00ab\u02c2\u1438\u227a\u29fc]/;
const closing =
  /[>\u226f\u2281\uff1e\ufe65\ufe3e\ufe40\u203a\u3009\u232a\u27e9\u276d\u276f\u27eb\u300b\u00bb\u02c3\u1433\u227b\u29fd]/;

/** A character as HTML spells it; `&amp;lt;` and deeper ones too, since one more reader may take one layer off. */
const entity =
  /&(?:amp;?|#38;?|#x26;?)*(?:(?:#0*(\d{1,7})|#x0*([0-9a-f]{1,6})|(lt|gt|lang|rang|laquo|raquo|lsaquo|rsaquo|verbar|vert|amp));?|([a-z]{2,31});)/iuy;

const namedEntities: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  lang: "⟨",
  rang: "⟩",
  laquo: "«",
  raquo: "»",
  lsaquo: "‹",
  rsaquo: "›",
  verbar: "|",
  vert: "|",
  amp: "&",
};

/** Letters of other scripts that look like those that the names are written with. */
const lookalikes = new Map(
  Object.entries({
    a: "аɑα",
    b: "ьƅв",
    c: "сϲⅽ",
    d: "ԁɗ",
    e: "еҽєε℮",
    g: "ɡց",
    h: "һհн",
    i: "іıιɩӏ",
    k: "кκ",
    l: "ӏⅼǀا",
    m: "мⅿ",
    n: "ոпη",
    o: "оοօο०૦",
    p: "рρ",
    r: "гᴦ",
    s: "ѕꜱ",
    t: "тτ",
    u: "υսц",
    v: "νѵ",
    x: "хχ",
    y: "уүγ",
  }).flatMap(([letter, others]) => [...others].map((other) => [other, letter] as const)),
);

/** Signs within the name of a tag that are passed over; more of them are taken for an attempt. */
const signsMax = 256;

interface Replacement {
  readonly at: number;
  readonly length: number;
  readonly as: string;
}

const suspect = new RegExp(
  `\\r\\n|${hidden.source}|(?<=${joiner.source}{2})${joiner.source}|${opening.source}|&`,
  "gv",
);

/** What of a text is shown otherwise, in order and without overlap. */
function* replacements(text: string): Generator<Replacement> {
  for (const match of text.matchAll(suspect)) {
    const [found] = match;
    const at = match.index;
    if (found === "\r\n") yield { at, length: 2, as: "\n" };
    else if (found === "&" || opening.test(found)) {
      const { character, length } = readCharacter(text, at);
      // Only the first sign of a spelt-out character is shown as an escape: that is enough to take its meaning.
      if (opening.test(character) && opensTag(text, at + length)) yield { at, length: 1, as: escaped(found) };
    } else yield { at, length: found.length, as: escaped(found) };
  }
}

/**
 * Whether what follows an opening bracket reads as the name of a tag, in any case, width or script that looks alike, with
 * whatever signs between its letters. Where the text ends before that is decided, it does: something may follow it.
 * Ends at the next bracket and after `signsMax` signs, so that no text takes much longer than its length.
 */
function opensTag(text: string, start: number): boolean {
  let letters = "";
  let word = true;
  let signs = 0;
  let at = start;
  if (/^[\u200b-\u200d\u2060\ufeff/]*[|｜│](?=[/\p{L}]|$)/u.test(text.slice(at, at + 16))) return true;
  while (at < text.length) {
    const { character, length } = readCharacter(text, at);
    if (opening.test(character) || closing.test(character)) return word && tagWords.includes(letters);
    at += length;
    const more = folded(character);
    if (more === "") {
      signs += 1;
      if (signs > signsMax) return true;
      if (letters === "") continue;
      if (word && tagWords.includes(letters) && !/[.([,;)\]_-]/.test(character)) return true;
      word &&= isHidden(character);
      continue;
    }
    letters += more;
    if (tagNames.some((name) => letters.startsWith(name))) return true;
    if (![...tagNames, ...(word ? tagWords : [])].some((name) => name.startsWith(letters))) return false;
  }
  return true;
}

/** The character that stands at a place, by itself or spelt as an entity. */
function readCharacter(text: string, at: number): { readonly character: string; readonly length: number } {
  if (text[at] === "&") {
    entity.lastIndex = at;
    const spelt = entity.exec(text);
    if (spelt !== null) {
      const [whole, decimal, hexadecimal, name, other] = spelt;
      // Of all others it is enough to know that they are no letter of a name: spaces, joiners, dashes.
      const character = other === undefined ? (named(name) ?? numbered(decimal, hexadecimal)) : " ";
      return { character, length: whole.length };
    }
  }
  const code = text.codePointAt(at) ?? 0;
  return { character: String.fromCodePoint(code), length: code > 0xffff ? 2 : 1 };
}

function named(name: string | undefined): string | undefined {
  return name === undefined ? undefined : namedEntities[name.toLowerCase()];
}

function numbered(decimal: string | undefined, hexadecimal: string | undefined): string {
  const code = decimal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number(decimal);
  return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
}

/** The plain small letters and digits that a character is read as; "" of a sign; `?` of a letter that is read as none. */
function folded(character: string): string {
  if (isHidden(character)) return "";
  const plain = character.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return [...plain]
    .map((one) => lookalikes.get(one) ?? one)
    .map((one) => (/[a-z0-9]/.test(one) ? one : /[\p{L}\p{N}]/u.test(one) ? "?" : ""))
    .join("");
}

function isHidden(character: string): boolean {
  return hidden.test(character) || joiner.test(character);
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, "0")}`;
}

/** How much of a text fits into `charsMax` characters, as far as its replacements tell. */
function fittingLength(text: string, charsMax: number): number {
  let room = charsMax;
  let from = 0;
  // Every character of a text is at least half a character of what is shown: of CR LF one is left.
  for (const { at, length, as } of replacements(text.slice(0, charsMax * 2 + 2))) {
    if (at - from > room) return from + room;
    room -= at - from;
    if (as.length > room) return at;
    room -= as.length;
    from = at + length;
  }
  return Math.min(text.length, from + room);
}

/** The length, or one less where it would part a pair. */
function wholeCharacters(text: string, length: number): number {
  const before = text.charCodeAt(length - 1);
  const after = text.charCodeAt(length);
  const parts = before >= 0xd800 && before < 0xdc00 && after >= 0xdc00 && after < 0xe000;
  return parts ? length - 1 : length;
}
