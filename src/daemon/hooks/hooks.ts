import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { processPrint } from "../../base/process-print.ts";
import type { Service } from "../../base/service.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { HookContainment, HookCause, HookRunView, HooksView } from "../../protocol/hooks-api.ts";
import { defaultHookSettings, type HooksConfig } from "../../protocol/hooks-config.ts";
import type { InboxItem, LocalEvent, Page } from "../../protocol/local-api.ts";
import { rfc3339 } from "../../protocol/time.ts";
import type { Inbox } from "../parts.ts";
import type { Containment, HookActions } from "./containment.ts";
import { type DroppedRuns, droppedReason, enqueueRuns } from "./enqueue.ts";
import { executeHook, type HookCall, type HookResult, notRun } from "./execute-hook.ts";
import { hookLimits, type HookLimits } from "./hook-limits.ts";
import type { HookRunRow } from "./hook-queries.ts";
import { createHookRuns, tellExecuted } from "./hook-runs.ts";
import { hooksView } from "./hooks-view.ts";
import { type SendMessage, senderOf, sendForHook, sendReply } from "./send-for-hook.ts";
import type { LiveHooks } from "./live-hooks.ts";

export interface HooksOptions {
  /** `hooks/` of the daemon's folder. */
  readonly folder: string;
  readonly live: LiveHooks;
  /** Why none runs here; null: they do. Asked at each use. */
  readonly off: () => string | null;
  readonly mesh: string;
  readonly inbox: Pick<Inbox, "database" | "eventsAfter" | "item">;
  readonly containment: Containment;
  readonly send: SendMessage;
  /** Called once per run, or per drop of several. */
  readonly observe: (run: { hook: string; exit: HookResult["outcome"]; seconds: number | null; runs: number }) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: HookLimits;
}

/** The hooks of a daemon: programs of the user's that it calls when something happens. */
export interface Hooks extends Service {
  view(): Omit<HooksView, "containment">;
  /** What they are held to their policies by. */
  containment(): Promise<HookContainment>;
  page(filter: { hook: string | null; failedOnly: boolean; cursor: number | null; limit: number }): Page<HookRunView>;
  /** Whether a hook would be called, as its settings and this host are now. */
  isEnabled(hook: string): boolean;
  settings(hook: string): ReturnType<HooksConfig["get"]>;
  /**
   * Calls a hook now, outside the list: whoever asks waits for it. Its end is listed as every other's. Rejects daemon_busy when too
   * many are called so already, and stopping.
   */
  runNow(call: {
    readonly hook: string;
    readonly event: HookCause;
    readonly data: HookCall["data"];
  }): Promise<HookResult>;
  /** Reads hooks.toml; call the answer to put it in force. Throws invalid_config. */
  prepareReload(): () => readonly string[];
  /** Something that `off` goes by has changed. */
  wake(): void;
  prune(now: number): Promise<number>;
}

/**
 * A run is on disk from its event's own commit on (enqueue.ts). It is marked as begun before its process starts and ended after the
 * process has; a daemon that is killed in between runs it again, so a hook is called at least once for each event, and almost always
 * exactly once. Nothing waits for a hook but the next runs of that hook.
 */
export function createHooks(options: HooksOptions): Hooks {
  const { folder, live, inbox, containment, clock, log } = options;
  const limits = options.limits ?? hookLimits;
  const runs = createHookRuns(inbox.database, limits);
  const running = new Map<number, string>();
  const underWay = new Set<Promise<unknown>>();
  const stopping = new AbortController();
  let state: "made" | "started" | "stopped" = "made";
  let pumping: Promise<void> | null = null;
  let again = false;
  let calledNow = 0;

  const anyIsEnabled = (): boolean =>
    options.off() === null && [...live.config().values()].some(({ enabled }) => enabled);
  const isEnabled = (hook: string): boolean => options.off() === null && live.config().get(hook)?.enabled === true;

  inbox.database.beforeCommit((db, afterEventId) => {
    if (!anyIsEnabled()) return;
    const { added, dropped } = enqueueRuns(db, afterEventId, isEnabled, limits, clock.now());
    for (const drop of dropped)
      tellExecuted(db, clock.now(), { ...drop, id: drop.run_id, outcome: "dropped", reason: droppedReason });
    // After the commit that runs in this turn; should it fail, nothing is found then.
    if (added > 0) setImmediate(pump);
    if (dropped.length > 0) setImmediate(() => noteDropped(dropped));
  });

  function noteDropped(dropped: readonly DroppedRuns[]): void {
    for (const { hook, runs: count } of dropped) {
      options.observe({ hook, exit: "dropped", seconds: null, runs: count });
      log.warn({ hook, runs: count }, droppedReason);
    }
  }

  function pump(): void {
    if (state !== "started" || stopping.signal.aborted || options.off() !== null) return;
    if (pumping !== null) {
      again = true;
      return;
    }
    pumping = beginRuns()
      .catch((error: unknown) => log.warn({ err: error }, "runs of hooks could not be begun; they wait"))
      .finally(() => {
        pumping = null;
        if (!again) return;
        again = false;
        pump();
      });
  }

  async function beginRuns(): Promise<void> {
    const counts = new Map<string, number>();
    for (const hook of running.values()) counts.set(hook, (counts.get(hook) ?? 0) + 1);
    if (running.size >= limits.runningMax) return;
    for (const row of await runs.begin(counts, clock.now())) {
      running.set(row.id, row.hook);
      track(
        runOne(row).finally(() => {
          running.delete(row.id);
          pump();
        }),
      );
    }
  }

  function track(work: Promise<unknown>): void {
    const settled = work.catch((error: unknown) => log.warn({ err: error }, "the end of a hook could not be stored"));
    underWay.add(settled);
    void settled.then(() => underWay.delete(settled));
  }

  async function runOne(row: HookRunRow): Promise<void> {
    if (stopping.signal.aborted) return runs.putBack(row.id, { begun: false });
    const settings = live.config().get(row.hook);
    const call = callOf(row);
    const result =
      settings === undefined || !isEnabled(row.hook)
        ? notRun("refused", "it was switched off after its event")
        : call === null
          ? notRun("event_gone", "what it was called for is no more kept")
          : await execute(call, settings, (pid) => noteProcess(row.id, pid));
    // An attempt that the daemon cut off is not its fault, unless it is what ends the daemon.
    if (result.outcome === "interrupted" && row.attempts < limits.attemptsMax)
      return runs.putBack(row.id, { begun: true });
    observe(row.hook, result);
    await runs.end(row, result, settings?.audit ?? "full", clock.now());
  }

  /** Lost with a kill at this moment: then nobody finds what it has left, and it runs to its own end. */
  function noteProcess(id: number, pid: number): void {
    const print = processPrint(pid);
    if (print !== null) track(runs.noteProcess(id, print));
  }

  function callOf(row: HookRunRow): HookCall | null {
    const call = { hook: row.hook, event: row.event, attempt: row.attempts };
    if (row.event_id === null)
      return { ...call, eventKey: `${row.event}-${row.id}`, at: rfc3339(row.queued_at), data: {}, item: null };
    const [event] = inbox.eventsAfter(row.event_id - 1, 1);
    if (event === undefined || event.id !== row.event_id) return null;
    const item = row.event === "message" || row.event === "mention" ? itemOf(event) : null;
    if (item === null && (row.event === "message" || row.event === "mention")) return null;
    return { ...call, eventKey: String(event.id), at: event.at, data: event.data, item };
  }

  /** null: the message is no more shown, for another has taken its place or its time is over. */
  function itemOf({ data }: LocalEvent): InboxItem | null {
    const { inbox_id: id } = data;
    return typeof id === "number" ? inbox.item(id) : null;
  }

  function execute(
    call: HookCall,
    settings: NonNullable<ReturnType<HooksConfig["get"]>>,
    started: (pid: number) => void,
  ): Promise<HookResult> {
    const { item, hook } = call;
    const actions: HookActions | null =
      call.event === "test" || item === null
        ? null
        : {
            reply: (content) => sendReply(options.send, item, hook, content),
            send({ key, ...message }) {
              // Whatever name the event's sender has by now.
              const to = message.to.startsWith("#") ? message.to : senderOf(item);
              return sendForHook(options.send, item, { ...message, to, madeOf: [hook, key] });
            },
          };
    return executeHook(call, settings, {
      folder,
      mesh: options.mesh,
      containment,
      limits,
      clock,
      signal: stopping.signal,
      started,
      reply: actions?.reply ?? null,
      actions,
    });
  }

  function observe(hook: string, { outcome, duration_ms, reason, exit_code, signal }: HookResult): void {
    options.observe({ hook, exit: outcome, seconds: duration_ms === null ? null : duration_ms / 1_000, runs: 1 });
    if (outcome !== "ok" || reason !== null)
      log.warn({ hook, outcome, reason, exit_code, signal }, "a hook did not do what it was called for");
  }

  async function runNow({ hook, event, data }: Parameters<Hooks["runNow"]>[0]): Promise<HookResult> {
    if (state !== "started" || stopping.signal.aborted)
      throw new ClaudemeshError("stopping", "the daemon does not run hooks now");
    if (calledNow >= limits.calledNowMax)
      throw new ClaudemeshError("daemon_busy", `${calledNow} hooks run that somebody waits for`);
    calledNow += 1;
    try {
      const at = rfc3339(clock.now());
      const call = { hook, event, eventKey: `${event}-${at}`, at, attempt: 1, data, item: null };
      const settings = live.config().get(hook) ?? defaultHookSettings;
      const result = await execute(call, settings, () => {});
      track(runs.addEnded(hook, event, result, settings.audit, clock.now()));
      observe(hook, result);
      return result;
    } finally {
      calledNow -= 1;
    }
  }

  return {
    async start() {
      await containment.start();
      await runs.takeUp(clock.now());
      state = "started";
      // Told in the log of the start, and known before the first event.
      if (anyIsEnabled()) track(containment.enforcement());
      if (isEnabled("on-startup"))
        await runs.add({ hook: "on-startup", event_id: null, event: "startup" }, clock.now());
      pump();
    },
    async stop() {
      if (state === "started") state = "stopped";
      stopping.abort();
      await pumping;
      while (underWay.size > 0) await Promise.all(underWay);
      await containment.stop();
    },
    isEnabled,
    settings: (hook) => live.config().get(hook),
    runNow(call) {
      const result = runNow(call);
      track(result.catch(() => undefined));
      return result;
    },
    page: (filter) => runs.page(filter),
    view: () => hooksView(options, runs),
    containment: () => containment.enforcement(),
    prepareReload() {
      const config = live.read();
      return () => {
        const changed = live.putInForce(config);
        pump();
        return changed;
      };
    },
    wake: pump,
    prune: (now) => runs.prune(now),
  };
}
