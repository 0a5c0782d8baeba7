import assert from "node:assert/strict";
import { test } from "node:test";
import { picture } from "../demo/picture.ts";
import { createRecording, lastScreens, type PaneSize } from "../demo/recording.ts";

const sizes: readonly PaneSize[] = [
  { title: "one", columns: 20, rows: 3 },
  { title: "two", columns: 12, rows: 2 },
];

async function played() {
  const recording = createRecording(sizes);
  const [one, two] = recording.panes;
  await one?.type("echo a <b>");
  await one?.print("\u001b[1mbold\u001b[0m and \u001b[31mred\u001b[0m\n");
  recording.pause(1_000);
  await two?.print("line 1\nline 2\nline 3");
  await one?.print("gone\r\u001b[Kstays\nlast");
  return recording.end();
}

test("a recording shows each terminal as a real one would: looks, line ends, what was overwritten and what scrolled away", async () => {
  const recorded = await played();
  assert.deepEqual(lastScreens(recorded), ["bold and red\nstays\nlast\n", "line 2\nline 3\n"]);
  const looks = recorded.rows.flatMap(({ spans }) => spans.map(({ text, look }) => [text.trim(), look] as const));
  const lookOf = (text: string) => looks.find(([shown]) => shown === text)?.[1];
  assert.equal(lookOf("$")?.colour, 2);
  assert.deepEqual(lookOf("bold"), { colour: null, bold: true, dim: false });
  assert.deepEqual(lookOf("and"), { colour: null, bold: false, dim: false });
  assert.equal(lookOf("red")?.colour, 1);
});

test("the same script makes the same picture, and what is typed is text in it, not markup", async () => {
  const [first, second] = [await played(), await played()].map((recorded) =>
    picture(recorded, { title: "t", description: "a <test>" }, []),
  );
  assert.equal(first, second);
  assert.match(first ?? "", /<desc>a &lt;test&gt;<\/desc>/);
  assert.match(first ?? "", />echo a &lt;b&gt;<\/text>/);
  assert.doesNotMatch(first ?? "", /<b>|<script/);
});

test("without animation the last screen is what a picture shows", async () => {
  const svg = picture(await played(), { title: "", description: "" }, []);
  const still = [...svg.matchAll(/<g>(.*)<\/g>/g)].flatMap(([, inner]) => [
    ...(inner ?? "").matchAll(/<text[^>]*>([^<]*)</g),
  ]);
  assert.deepEqual(
    still.map(([, text]) => text).sort(),
    ["bold", "and", "red", "last", "line 2", "line 3", "stays"].sort(),
  );
});
