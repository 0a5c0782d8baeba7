import assert from "node:assert/strict";
import { chmodSync, existsSync, linkSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createSocketServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import { httpCall } from "../../http/http-call.fixture.ts";
import { createLocalApi } from "./server.ts";
import { openLocalToken } from "./token.ts";

describe("the unix socket", () => {
  const options = (socketPath: string) => ({
    routes: [],
    socketPath,
    token: null,
    allowedOrigins: [],
    publicHealthCheck: false,
    clock: systemClock,
    log: silentLog,
    observe: () => {},
    announce: () => {},
    endStreams: () => {},
  });

  it("replaces a socket that nobody answers on", async () => {
    const dir = mkdtempSync(join(tmpdir(), "cm-api-"));
    const path = join(dir, "sock");
    const dead = createSocketServer();
    await new Promise<void>((resolve) => dead.listen(path, resolve));
    // Closing removes the file; a killed process does not get that far.
    linkSync(path, `${path}.kept`);
    await new Promise<void>((resolve) => dead.close(() => resolve()));
    linkSync(`${path}.kept`, path);
    const api = createLocalApi(options(path));
    await api.start();
    assert.equal((await httpCall({ socketPath: path }, "GET", "/")).status, 404);
    await api.stop();
    assert.equal(existsSync(path), false);
    rmSync(dir, { recursive: true });
  });

  it("leaves a socket alone that somebody answers on", async () => {
    const dir = mkdtempSync(join(tmpdir(), "cm-api-"));
    const path = join(dir, "sock");
    const first = createLocalApi(options(path));
    await first.start();
    const second = createLocalApi(options(path));
    await assert.rejects(second.start(), { code: "already_running" });
    assert.equal((await httpCall({ socketPath: path }, "GET", "/")).status, 404);
    await first.stop();
    rmSync(dir, { recursive: true });
  });

  it("does not remove a file that is not a socket", async () => {
    const dir = mkdtempSync(join(tmpdir(), "cm-api-"));
    writeFileSync(join(dir, "sock"), "precious");
    await assert.rejects(createLocalApi(options(join(dir, "sock"))).start(), { code: "invalid_config" });
    assert.equal(readFileSync(join(dir, "sock"), "utf8"), "precious");
    rmSync(dir, { recursive: true });
  });

  it("refuses a token file that others can read", () => {
    const dir = mkdtempSync(join(tmpdir(), "cm-api-"));
    openLocalToken(dir);
    const first = readFileSync(join(dir, "local_token"), "utf8");
    openLocalToken(dir);
    assert.equal(readFileSync(join(dir, "local_token"), "utf8"), first);
    chmodSync(join(dir, "local_token"), 0o644);
    assert.throws(() => openLocalToken(dir), { code: "invalid_config" });
    rmSync(dir, { recursive: true });
  });
});
