/** Time that moves only when a test moves it; the same one that tests beside the sources use. */
export { createManualClock as clock } from "../../src/base/manual-clock.fixture.ts";
