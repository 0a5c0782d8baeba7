import type { Log } from "../../base/log.ts";
import { ClaudemeshError } from "../../protocol/error.ts";
import type { EventFrame } from "../../protocol/frames.ts";
import type { BrokerStore } from "../store/store.ts";

/**
 * Tells senders of topic messages how many subscribers hold them. Cursors only move forward, so for one topic and
 * sender `reached` never rises with the sequence number: equal values form runs, and a run costs two store calls
 * however long it is. While one round runs, further acknowledgements gather for the next.
 */
export interface Progress {
  /** As accepted, or read back: in any order, known ones again. */
  sent(meshId: string, message: TopicSend): void;
  /** Cursors of the topic moved. */
  moved(meshId: string, topicId: string): void;
  /** The sender is back: it is told what it missed. */
  returned(meshId: string, sender: string): void;
  /** Now and then: cursors may have moved at another broker without a word. The longer nothing did, the more rarely one is looked at. */
  look(): void;
  /** The log may have lost what is tracked: its numbers may stand for other messages by now. */
  lose(): void;
  stop(): void;
}

export interface TopicSend {
  readonly topicId: string;
  readonly sender: string;
  readonly seq: number;
  readonly clientMessageId: string;
}

export interface ProgressParts {
  readonly store: Pick<BrokerStore, "topicProgress">;
  readonly log: Log;
  readonly messagesMax: number;
  online(meshId: string, sender: string): boolean;
  tell(meshId: string, sender: string, event: Extract<EventFrame, { event: "topic_progress" }>): void;
}

interface Tracked {
  readonly seq: number;
  readonly clientMessageId: string;
  told: number;
}
interface Group {
  readonly topicId: string;
  readonly sender: string;
  messages: Tracked[];
  dirty: boolean;
  /** Calls of `look` since something was told or sent. */
  looks: number;
}
interface MeshProgress {
  readonly groups: Map<string, Group>;
  running: boolean;
  count: number;
}

export function createProgress(parts: ProgressParts): Progress {
  const meshes = new Map<string, MeshProgress>();
  let stopped = false;

  async function run(meshId: string, mesh: MeshProgress): Promise<void> {
    if (mesh.running || stopped) return;
    mesh.running = true;
    try {
      await new Promise<void>((resolve) => setImmediate(resolve));
      for (let group = dirtyGroup(mesh); group !== null && !stopped; group = dirtyGroup(mesh)) {
        group.dirty = false;
        // An offline sender is told when it returns.
        if (parts.online(meshId, group.sender)) await round(meshId, mesh, group);
      }
    } catch (thrown) {
      // Lost news: the next acknowledgement of the topic tells the newer state.
      parts.log.debug({ mesh_id: meshId, error: ClaudemeshError.from(thrown).message }, "topic progress not told");
    } finally {
      mesh.running = false;
    }
  }

  async function round(meshId: string, mesh: MeshProgress, group: Group): Promise<void> {
    const messages = [...group.messages];
    const done = new Set<Tracked>();
    const ask = (message: Tracked) => parts.store.topicProgress(meshId, group.topicId, message.seq, group.sender);

    const tellRun = (from: number, to: number, reached: number, of: number): void => {
      // Asked of a log that was lost meanwhile.
      if (meshes.get(meshId) !== mesh) return;
      for (const message of messages.slice(from, to + 1)) {
        const complete = reached >= of;
        if (reached === message.told || (reached === 0 && !complete)) continue;
        parts.tell(meshId, group.sender, {
          type: "event",
          event: "topic_progress",
          client_message_id: message.clientMessageId,
          reached,
          of,
        });
        message.told = reached;
        group.looks = 0;
        if (complete) done.add(message);
      }
    };

    const first = messages[0];
    const last = messages[messages.length - 1];
    if (first === undefined || last === undefined) return;
    // Spans [from, to] whose ends are known; a span with equal ends is one run, any other is halved.
    const known = new Map<number, { reached: number; of: number }>();
    const at = async (index: number) => {
      const message = messages[index];
      const value = known.get(index) ?? (message === undefined ? { reached: 0, of: 0 } : await ask(message));
      known.set(index, value);
      return value;
    };
    const spans: [number, number][] = [[0, messages.length - 1]];
    for (let span = spans.pop(); span !== undefined; span = spans.pop()) {
      const [from, to] = span;
      const upper = await at(to);
      // The newest is complete: so is everything before it.
      const lower = upper.reached >= upper.of ? upper : await at(from);
      if (lower.reached === upper.reached && lower.of === upper.of) {
        tellRun(from, to, upper.reached, upper.of);
        continue;
      }
      if (to - from <= 1) {
        tellRun(from, from, lower.reached, lower.of);
        tellRun(to, to, upper.reached, upper.of);
        continue;
      }
      const middle = (from + to) >> 1;
      spans.push([middle + 1, to], [from, middle]);
    }
    group.messages = group.messages.filter((message) => !done.has(message));
    mesh.count -= done.size;
    if (group.messages.length === 0) mesh.groups.delete(groupKey(group.topicId, group.sender));
  }

  function evictOldest(mesh: MeshProgress): void {
    for (const [key, group] of mesh.groups) {
      group.messages.shift();
      mesh.count -= 1;
      if (group.messages.length === 0) mesh.groups.delete(key);
      return;
    }
  }

  return {
    sent(meshId, { topicId, sender, seq, clientMessageId }) {
      let mesh = meshes.get(meshId);
      if (mesh === undefined) {
        mesh = { groups: new Map(), running: false, count: 0 };
        meshes.set(meshId, mesh);
      }
      const key = groupKey(topicId, sender);
      let group = mesh.groups.get(key);
      if (group === undefined) {
        group = { topicId, sender, messages: [], dirty: false, looks: 0 };
        mesh.groups.set(key, group);
      }
      const before = group.messages.findLastIndex((one) => one.seq <= seq);
      if (group.messages[before]?.seq === seq) return;
      group.messages.splice(before + 1, 0, { seq, clientMessageId, told: -1 });
      group.dirty = true;
      group.looks = 0;
      mesh.count += 1;
      if (mesh.count > parts.messagesMax) evictOldest(mesh);
      void run(meshId, mesh);
    },
    moved(meshId, topicId) {
      const mesh = meshes.get(meshId);
      if (mesh === undefined) return;
      for (const group of mesh.groups.values()) if (group.topicId === topicId) group.dirty = true;
      void run(meshId, mesh);
    },
    returned(meshId, sender) {
      const mesh = meshes.get(meshId);
      if (mesh === undefined) return;
      for (const group of mesh.groups.values()) if (group.sender === sender) group.dirty = true;
      void run(meshId, mesh);
    },
    look() {
      for (const [meshId, mesh] of meshes) {
        for (const group of mesh.groups.values()) {
          group.looks += 1;
          // 1, 2, 4 … looks after the last news, then every looksRarest.
          if ((group.looks & (group.looks - 1)) === 0 || group.looks % looksRarest === 0) group.dirty = true;
        }
        void run(meshId, mesh);
      }
    },
    lose: () => meshes.clear(),
    stop() {
      stopped = true;
    },
  };
}

const looksRarest = 128;

const groupKey = (topicId: string, sender: string): string => `${topicId}/${sender}`;

function dirtyGroup(mesh: MeshProgress): Group | null {
  for (const group of mesh.groups.values()) if (group.dirty) return group;
  return null;
}
