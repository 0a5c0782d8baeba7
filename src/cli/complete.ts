import type { Command } from "./command.ts";
import { namesFrom } from "./completion/names.ts";
import { type Offer, offersAt } from "./completion/offers.ts";
import { exitCodes } from "./exit-codes.ts";

/**
 * What the completion scripts ask, once a key press: `__complete --current=WORD -- WORDS`. Answers a line for each offer,
 * the value, a tab and what it is, or `:files` or `:directories` for the shell's own completion. Says nothing when
 * anything fails: an error message in the middle of a command line helps nobody.
 */
export const command: Command = {
  name: "__complete",
  summary: "Offers for a shell's completion",
  usage: "__complete --current=WORD -- WORDS",
  options: { current: { type: "string", value: "WORD", help: "the word at the cursor" } },
  examples: [],
  async run(context) {
    try {
      const offers = await offersAt({
        words: context.positionals,
        current: context.option("current") ?? "",
        names: namesFrom(context),
      });
      if (offers === "file") context.out.line(":files");
      else if (offers === "directory") context.out.line(":directories");
      else for (const offer of offers.filter(isPlain)) context.out.line(`${offer.value}\t${offer.help}`);
    } catch {
      // As above.
    }
    return exitCodes.ok;
  },
};

/** All that commands, options, settings and names are made of. */
const plainValue = /^[A-Za-z0-9@#_./=-][A-Za-z0-9@#_.:/=-]*$/;

/**
 * Names come from the broker, whose word is not taken for their form: one that a shell would run in an open quote must
 * not get there, and a control character would break the lines, or the terminal.
 */
function isPlain({ value, help }: Offer): boolean {
  return plainValue.test(value) && !/[\u0000-\u001f\u007f-\u009f]/.test(help);
}
