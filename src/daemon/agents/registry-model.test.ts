import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../../protocol/limits.ts";
import { type AgentHost, agentHost, claude, report } from "./agents.fixture.ts";

/**
 * Windows of coding agents in two folders that are opened, cleared, closed, killed, resumed and left alone, beside a daemon that is
 * restarted and a user who renames agents, in any order. After every step:
 * 1. no two windows that are there are one agent, and the server beside a window is the window's agent;
 * 2. a window is the agent that it was, by whatever name that has now, unless it was told of another one in place of its own;
 * 3. a folder's window is an agent of that folder, and with no other window there, one that the folder had before, if it had any;
 * 4. of every agent it was told in turn that it came and that it went, and last what is true.
 */
type Step =
  | { readonly do: "open" | "resume"; readonly window: number; readonly folder: number }
  | { readonly do: "clear" | "close" | "kill" | "beat" | "beside" | "rename"; readonly window: number }
  | { readonly do: "wait" | "sleep" | "restart" };

const window = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom("open" as const, "resume" as const), window, folder: fc.nat(1) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "clear" as const,
        "close" as const,
        "kill" as const,
        "beat" as const,
        "beside" as const,
        "rename" as const,
      ),
      window,
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("wait" as const, "sleep" as const, "restart" as const) }) },
);

interface Window {
  session: string;
  process: string;
  folder: number;
  agent: string;
  /** When its lease ends. */
  until: number;
}

const cwd = (folder: number): string => `/srv/${["shop", "api"][folder] ?? ""}`;

class Model {
  readonly mesh: AgentHost;
  /** By place; null: nobody is there. */
  readonly windows: (Window | null)[] = [null, null, null];
  /** What each session was last, and its folder. */
  readonly sessions = new Map<string, { agent: string; folder: number }>();
  readonly folders: readonly Set<string>[] = [new Set(), new Set()];
  serial = 0;

  constructor(mesh: AgentHost) {
    this.mesh = mesh;
  }

  live(): Window[] {
    return this.windows.flatMap((one) => (one !== null && one.until > this.mesh.clock.now() ? [one] : []));
  }

  async apply(todo: Step): Promise<void> {
    const { mesh } = this;
    switch (todo.do) {
      case "wait":
        mesh.clock.advance(limits.presenceLeaseMs / 3);
        return this.settle();
      case "sleep":
        mesh.clock.advance(limits.presenceLeaseMs);
        return this.settle();
      case "restart":
        return mesh.restart();
      case "open":
        if (this.windows[todo.window] === null)
          await this.begin(todo.window, todo.folder, `s${++this.serial}`, "startup");
        return;
      case "resume": {
        const known = [...this.sessions].filter(([id]) => this.windows.every((one) => one?.session !== id));
        const [id, was] = known[(todo.window + todo.folder) % Math.max(1, known.length)] ?? [];
        if (this.windows[todo.window] === null && id !== undefined && was !== undefined)
          await this.begin(todo.window, was.folder, id, "resume");
        return;
      }
      default:
        return this.within(todo.do, todo.window);
    }
  }

  private async within(what: "clear" | "close" | "kill" | "beat" | "beside" | "rename", place: number): Promise<void> {
    const { mesh } = this;
    const at = this.windows[place];
    if (at == null) return;
    switch (what) {
      case "clear":
        await mesh.agents.ended(claude(at.session));
        return this.begin(place, at.folder, `s${++this.serial}`, "clear", at.process);
      case "close":
        await mesh.agents.ended(claude(at.session));
        mesh.gone.add(at.process);
        this.windows[place] = null;
        return;
      case "kill":
        mesh.gone.add(at.process);
        this.windows[place] = null;
        return;
      case "beat":
        try {
          await mesh.agents.heard(claude(at.session));
          at.until = mesh.clock.now() + limits.presenceLeaseMs;
        } catch (thrown) {
          assert.ok(at.until <= mesh.clock.now(), `refused within its lease: ${String(thrown)}`);
          await this.begin(place, at.folder, at.session, "startup", at.process);
        }
        return;
      case "beside": {
        const told = report({ cwd: cwd(at.folder), source: "mcp", process: at.process });
        const { agent } = await mesh.agents.report({ kind: "mcp", sessionId: at.process }, told);
        if (at.until > mesh.clock.now()) assert.equal(agent, at.agent, "the server beside a window");
        return;
      }
      case "rename": {
        const to = `r${++this.serial}`;
        const from = at.agent;
        await mesh.agents.rename(from, to);
        for (const one of [...this.windows, ...this.sessions.values()]) if (one?.agent === from) one.agent = to;
        for (const names of this.folders) if (names.has(from)) names.add(to);
        return;
      }
    }
  }

  private async begin(
    place: number,
    folder: number,
    session: string,
    source: string,
    process = `p${++this.serial}`,
  ): Promise<void> {
    const { mesh } = this;
    const others = this.live().filter((one) => one !== this.windows[place]);
    const before = this.windows[place]?.agent ?? this.sessions.get(session)?.agent ?? null;
    const had = [...(this.folders[folder] ?? [])].length > 0;
    const told = report({ cwd: cwd(folder), source, process });
    const { agent, renamed_from: renamedFrom } = await mesh.agents.report(claude(session), told);
    if (before !== null && agent !== before) {
      // Only who was away, or is beside others by now, finds its name with another.
      assert.ok(
        others.some((one) => one.agent === before),
        `${source}: was ${before}, is ${agent}, and nobody has it`,
      );
      assert.equal(renamedFrom, before);
    }
    if (before === null && had && others.length === 0 && !this.haunted())
      assert.ok(
        this.folders[folder]?.has(agent),
        `${agent} is new, though the folder has had ${[...(this.folders[folder] ?? [])].join()}`,
      );
    assert.ok(!this.folders[1 - folder]?.has(agent), `${agent} is the other folder's`);
    this.folders[folder]?.add(agent);
    this.windows[place] = { session, process, folder, agent, until: mesh.clock.now() + limits.presenceLeaseMs };
    this.sessions.set(session, { agent, folder });
  }

  /** A server beside a window that is closed, or away for long, may hold its agent. */
  private haunted(): boolean {
    return this.mesh.agents.list().items.some(({ sessions }) => sessions.some(({ kind }) => kind === "mcp"));
  }

  private async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await this.mesh.inbox.database.write(() => undefined);
  }

  check(): void {
    const live = this.live();
    const names = live.map(({ agent }) => agent);
    assert.equal(new Set(names).size, names.length, `two windows are one agent: ${names.join()}`);
    for (const { agent, session } of live)
      assert.equal(this.mesh.agents.session(claude(session))?.agent, agent, "and the daemon says the same");
    const last = new Map<string, string>();
    for (const { event, data } of this.mesh.inbox.eventsAfter(0, 10_000)) {
      const name = String(data["agent"]);
      if (event !== "agent_online" && event !== "agent_offline") continue;
      assert.notEqual(last.get(name) ?? "agent_offline", event, `${name}: ${event} twice`);
      last.set(name, event);
    }
    for (const { name, state } of this.mesh.agents.list().items)
      if (state !== "offline") assert.equal(last.get(name), "agent_online", name);
  }
}

test("agents are who they were, and nobody else is, whatever becomes of windows, daemons and names", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 30 }), async (steps) => {
      const folder = mkdtempSync(join(tmpdir(), "cm-agents-"));
      const mesh = await agentHost(join(folder, "inbox.db"));
      const model = new Model(mesh);
      try {
        for (const todo of steps) {
          await model.apply(todo);
          model.check();
        }
      } finally {
        await mesh.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    }),
    { numRuns: 60 },
  );
});
