import { type Clock, systemClock } from "../../src/base/clock.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import type { Client } from "../../src/client/client.ts";
import { connect } from "../../src/client/connect.ts";
import { createDaemon, type Daemon } from "../../src/daemon/daemon.ts";
import type { HostReaders } from "../../src/daemon/identity/host/readers.ts";
import type { Dial } from "../../src/daemon/link/link.ts";
import type { FeatureVersions } from "../../src/protocol/features.ts";
import { type Lifetime, onEnd } from "./on-end.ts";

/** A started daemon in this process, on real files and a real socket, and a client of it. */
export interface TestDaemon {
  readonly daemon: Daemon;
  readonly dir: string;
  readonly client: Client;
  /** Stops this one and starts another on the same folder, on the host that is given. */
  restart(host?: HostReaders): Promise<TestDaemon>;
}

export interface TestDaemonOptions {
  /** Holds a member already: see mesh.ts. */
  readonly dir: string;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly http?: boolean;
  readonly readOnly?: boolean;
  /** Which of what is kept from earlier ends of the link it heeds. */
  readonly dial?: Dial;
  /** Features and versions that it is to know. */
  readonly features?: FeatureVersions;
  /** The host that it is on; absent: this one. */
  readonly host?: HostReaders;
}

/** Stopped when the test ends. */
export async function daemon(t: Lifetime, options: TestDaemonOptions): Promise<TestDaemon> {
  const started = createDaemon({ clock: systemClock, log: silentLog, http: false, ...options });
  onEnd(t, () => started.stop());
  await started.start();
  const client = connect({ socketPath: started.socketPath });
  onEnd(t, () => client.close());
  return {
    daemon: started,
    dir: options.dir,
    client,
    async restart(host = options.host) {
      client.close();
      await started.stop();
      return daemon(t, { ...options, ...(host === undefined ? {} : { host }) });
    },
  };
}
