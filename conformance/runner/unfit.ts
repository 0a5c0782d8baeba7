/** What happened is not what a scenario says; the message tells where and how. */
export class Unfit extends Error {
  override readonly name = "Unfit";
}
