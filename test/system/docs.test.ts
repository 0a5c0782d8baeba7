import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { docHosts } from "../support/doc-hosts.ts";
import { differenceOf } from "../support/doc-output.ts";
import { docPages, generatedPages, type Page, type Step, stepsOf } from "../support/doc-page.ts";

const pages = docPages().filter(({ path }) => !generatedPages.includes(path));

describe("what the pages say to type works word by word on hosts with nothing on them, and shows what they say", {
  concurrency: 2,
}, () => {
  for (const page of pages) {
    const steps = stepsOf(page);
    if (steps.length > 0) test(page.path, (t) => follow(t, page, steps));
  }
});

async function follow(t: TestContext, page: Page, steps: readonly Step[]): Promise<void> {
  const hosts = await docHosts(t);
  for (const { block, host, exitCode, output } of steps) {
    const typed = await hosts.type({ host, exitCode, text: block.text });
    const place = `${page.path}:${block.line}\n${block.text}--- shows\n${typed.output}`;
    assert.equal(typed.exitCode, exitCode, place);
    const difference = output === null ? null : differenceOf(output, typed.output);
    if (difference !== null) assert.equal(difference.actual, difference.shown, place);
  }
}
