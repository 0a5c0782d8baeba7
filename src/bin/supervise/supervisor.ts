import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import { exitCodeOf, exitCodes, exitReason, needsPerson } from "../exit-codes.ts";
import { afterEnd, firstDelayMs } from "./after-end.ts";
import type { StartRequest } from "./start-request.ts";

export interface SupervisedMesh {
  readonly slug: string;
  readonly dir: string;
}

/** A daemon's process that the supervisor started. */
export interface Child {
  readonly pid: number;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  kill(signal: "SIGTERM" | "SIGKILL" | "SIGHUP"): void;
}

export interface SupervisorParts {
  readonly clock: Clock;
  readonly log: Log;
  /** The meshes of the home, now. */
  meshes(): readonly SupervisedMesh[];
  /** null: a command of the home is at work, which may have stopped or moved it; it is tried at the next look. */
  start(mesh: SupervisedMesh, dial: "when_due" | StartRequest["dial"]): Promise<Child | null>;
  /** Of a daemon that is no child: whether one runs and, if not, the exit code that it noted last; null: none. */
  look(mesh: SupervisedMesh): Promise<{ readonly runs: boolean; readonly code: number | null }>;
  request(mesh: SupervisedMesh): StartRequest | null;
  /** The request is taken up. */
  taken(mesh: SupervisedMesh): void;
}

/**
 * Keeps the daemons of a home running, each a process of its own.
 *
 * A daemon is `running` as a child from its start to its end. What comes then follows from its exit code (after-end.ts): it
 * is `left` where somebody told it to stop, waits `until` its next start, or `needs_person`. One that ended since another
 * process has its lock is `elsewhere`: it is looked at, and once it is gone, what that one noted as its end decides in the
 * same way. A mesh that is new in the home is started; one that is gone is forgotten. Whatever the state, a start that a
 * command asks for is done at once. When every daemon needs a person, so does the supervisor, and it ends.
 */
export interface Supervisor {
  /** Looks at everything once, and starts what is due; also what the timer and every event do. */
  look(): Promise<void>;
  /** Passes a signal on to the children. */
  signal(signal: "SIGHUP"): void;
  /** Ends every child in good order, by force when that takes too long; nothing is started any more. */
  stop(): Promise<void>;
  /** Resolves when no daemon can run without a person. */
  readonly settled: Promise<{ readonly kind: "needs_person"; readonly message: string; readonly hint: string }>;
}

type State =
  | { readonly kind: "running"; readonly child: Child; readonly since: number }
  | { readonly kind: "until"; readonly time: number }
  | { readonly kind: "elsewhere" }
  | { readonly kind: "left" }
  | { readonly kind: "needs_person"; readonly code: number };

interface Supervised {
  readonly mesh: SupervisedMesh;
  state: State;
  attempts: number;
}

/** Between two looks without an event: a mesh that is new, a daemon that runs elsewhere. */
export const lookIntervalMs = 2_000;
/** A daemon ends within 10 s of being told; one that does not is ended. */
export const childStopMs = 15_000;

export function createSupervisor(parts: SupervisorParts): Supervisor {
  const { clock, log } = parts;
  const known = new Map<string, Supervised>();
  const settled = Promise.withResolvers<Awaited<Supervisor["settled"]>>();
  let stopping = false;
  let looking: Promise<void> | null = null;
  let again = false;

  async function start(of: Supervised, dial: "when_due" | StartRequest["dial"]): Promise<void> {
    const { mesh } = of;
    const since = clock.now();
    try {
      const child = await parts.start(mesh, dial);
      if (child === null) return;
      of.state = { kind: "running", child, since };
      log.info({ mesh: mesh.slug, daemon_pid: child.pid }, `the daemon of ${mesh.slug} was started`);
      void child.ended.then((end) => {
        ended(of, since, end);
        void look();
      });
    } catch (thrown) {
      // Its folder cannot be read, or the system has no process left: the same as one that ended by that at once.
      const error = ClaudemeshError.from(thrown);
      decide(of, { code: exitCodeOf(error.code), ranMs: 0 }, `cannot be started: ${error.message}`);
    }
  }

  function ended(
    of: Supervised,
    since: number,
    end: { readonly code: number | null; readonly signal: string | null },
  ): void {
    const how =
      end.code === null ? `by ${end.signal ?? "a signal"}` : `with exit code ${end.code} (${exitReason(end.code)})`;
    decide(of, { code: end.code, ranMs: clock.now() - since }, `ended ${how}`);
  }

  function decide(of: Supervised, end: Parameters<typeof afterEnd>[0], how: string): void {
    const { slug } = of.mesh;
    const next = afterEnd(end, of.attempts);
    const fields = { mesh: slug, exit_code: end.code };
    if (next.do === "start") {
      of.attempts = next.attempts;
      of.state = { kind: "until", time: clock.now() + next.inMs };
      log.warn(fields, `the daemon of ${slug} ${how}; it is started again in ${next.inMs / 1_000} s`);
    } else if (next.do === "leave") {
      of.state = { kind: "left" };
      log.info(fields, `the daemon of ${slug} ${how}: it was told to stop, and is left so until claudemesh daemon up`);
    } else if (next.do === "look") {
      of.state = { kind: "elsewhere" };
      log.info(
        fields,
        `the daemon of ${slug} runs already, not started here; it is started here when that one is gone`,
      );
    } else {
      of.state = { kind: "needs_person", code: next.code };
      log.error(fields, `the daemon of ${slug} ${how} and stays down: another start would end in the same way`);
    }
  }

  /** One that is not ours has gone, perhaps: what it noted as its end decides, but for our own start beside it. */
  async function lookElsewhere(of: Supervised): Promise<void> {
    const { runs, code } = await parts.look(of.mesh);
    if (runs || of.state.kind !== "elsewhere") return;
    if (code === exitCodes.ok || (code !== null && needsPerson(code) && code !== exitCodes.already_running))
      decide(
        of,
        { code, ranMs: 0 },
        `, which was not started here, ended with exit code ${code} (${exitReason(code)})`,
      );
    else of.state = { kind: "until", time: clock.now() + firstDelayMs };
  }

  /** What goes wrong with one of them keeps no other from being looked at. */
  async function lookAt(of: Supervised): Promise<void> {
    try {
      await act(of);
    } catch (thrown) {
      const { slug } = of.mesh;
      log.error(
        { mesh: slug, err: thrown },
        `a look at the daemon of ${slug} failed: ${ClaudemeshError.from(thrown).message}`,
      );
    }
  }

  async function act(of: Supervised): Promise<void> {
    const request = parts.request(of.mesh);
    // While it runs, or has ended a moment ago unseen, the request stays; whoever made it takes it back when it runs.
    if (request !== null && of.state.kind !== "running") {
      parts.taken(of.mesh);
      of.attempts = 0;
      await start(of, request.dial);
    } else if (of.state.kind === "until" && of.state.time <= clock.now()) await start(of, "when_due");
    else if (of.state.kind === "elsewhere") await lookElsewhere(of);
  }

  async function lookOnce(): Promise<void> {
    const meshes = parts.meshes();
    // A child is forgotten when it has ended, so that it never runs unseen.
    for (const [slug, { state }] of known)
      if (state.kind !== "running" && !meshes.some((mesh) => mesh.slug === slug)) known.delete(slug);
    for (const mesh of meshes)
      if (!known.has(mesh.slug))
        known.set(mesh.slug, { mesh, state: { kind: "until", time: clock.now() }, attempts: 0 });
    await Promise.all([...known.values()].map((of) => (stopping ? undefined : lookAt(of))));
    settle();
  }

  function settle(): void {
    const all = [...known.values()];
    const ends = all.flatMap(({ mesh, state }) =>
      state.kind === "needs_person"
        ? [`${mesh.slug} ended with exit code ${state.code} (${exitReason(state.code)})`]
        : [],
    );
    if (all.length === 0 || ends.length < all.length) return;
    settled.resolve({
      kind: "needs_person",
      message: `no daemon can run as things are: ${ends.join(", ")}`,
      hint: "claudemesh status shows why and what helps; then start this service again",
    });
  }

  /** One look at a time; an event during one brings another. */
  function look(): Promise<void> {
    if (looking !== null) {
      again = true;
      return looking;
    }
    looking = (async () => {
      do {
        again = false;
        await lookOnce();
      } while (again && !stopping);
    })().finally(() => {
      looking = null;
    });
    return looking;
  }

  const children = (): Child[] =>
    [...known.values()].flatMap(({ state }) => (state.kind === "running" ? [state.child] : []));

  return {
    look,
    signal: (signal) => {
      for (const child of children()) child.kill(signal);
    },
    async stop() {
      stopping = true;
      await looking;
      const running = children();
      for (const child of running) child.kill("SIGTERM");
      const timer = clock.after(childStopMs, () => {
        log.warn({}, `daemons that did not stop within ${childStopMs / 1_000} s are ended`);
        for (const child of running) child.kill("SIGKILL");
      });
      await Promise.all(running.map(({ ended }) => ended));
      timer.cancel();
    },
    settled: settled.promise,
  };
}
