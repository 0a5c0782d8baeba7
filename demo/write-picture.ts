// Plays the scene of the README and writes it to docs as a picture, with its last screens as text beside it.
import { writeFileSync } from "node:fs";
import { lifetimeWithin } from "../test/support/on-end.ts";
import { paneGap, paneSize, picture } from "./picture.ts";
import { lastText } from "./recording.ts";
import { description, panes, play, title } from "./story.ts";

const lifetime = { after: (end: () => Promise<void>): void => void ends.push(end) };
const ends: (() => Promise<void>)[] = [];
const [first] = panes;
try {
  const recorded = await play(lifetimeWithin(lifetime));
  const { width, height } = paneSize(first);
  const places = [
    { x: 0, y: 0 },
    { x: width, y: 0 },
    { x: 0, y: height, width: 2 * width - paneGap },
  ];
  const file = (name: string): URL => new URL(`../docs/${name}`, import.meta.url);
  writeFileSync(file("demo.svg"), picture(recorded, { title, description }, places));
  writeFileSync(file("demo.txt"), lastText(recorded));
  process.stdout.write("docs/demo.svg and docs/demo.txt are written\n");
} finally {
  for (const end of ends) await end();
}
