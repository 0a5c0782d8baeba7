import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { GroupCommit } from "./group-commit.ts";

class Refused extends Error {}

test("jobs of one turn share a transaction, and each gets its own answer after the commit", async () => {
  const { submit, log } = fixture();
  const answers = await Promise.all(["a", "b", "c"].map(submit));
  assert.deepEqual(answers, [1, 2, 3]);
  assert.deepEqual(log, ["begin", "commit"]);
});

test("a job that is refused fails alone, and its neighbours are stored", async () => {
  const { submit, rows } = fixture();
  const results = await Promise.allSettled([submit("a"), submit("refuse"), submit("b")]);
  assert.deepEqual(
    results.map((result) => result.status),
    ["fulfilled", "rejected", "fulfilled"],
  );
  assert.deepEqual(rows(), ["a", "b"]);
});

test("a failure that is nobody's own undoes the whole group and is told to all of it", async () => {
  const { submit, rows } = fixture();
  const results = await Promise.allSettled([submit("a"), submit("break"), submit("b")]);
  assert.deepEqual(
    results.map((result) => result.status),
    ["rejected", "rejected", "rejected"],
  );
  assert.deepEqual(rows(), []);
  assert.equal(await submit("later"), 1);
});

test("nothing is answered before its commit returned", async () => {
  let committed = false;
  const group = new GroupCommit<string, boolean>({
    ...limits,
    transaction(body) {
      body();
      committed = true;
    },
    run: () => committed,
    isOwnFailure: () => false,
  });
  let answered = false;
  const answer = group.submit("a").then(() => {
    answered = true;
    return committed;
  });
  assert.equal(answered, false);
  assert.equal(await answer, true);
});

test("more jobs than one group holds go into the following transactions, in order", async () => {
  const { submit, log, rows } = fixture({ groupMax: 2 });
  await Promise.all(["a", "b", "c", "d", "e"].map(submit));
  assert.deepEqual(rows(), ["a", "b", "c", "d", "e"]);
  assert.equal(log.filter((entry) => entry === "commit").length, 3);
});

test("a full queue refuses at once instead of growing", async () => {
  const { submit } = fixture({ waitingMax: 2 });
  const results = await Promise.allSettled([submit("a"), submit("b"), submit("c")]);
  const [, , third] = results;
  assert.ok(third?.status === "rejected" && third.reason.message === "full");
  assert.equal(await submit("d"), 3);
});

const limits = { groupMax: 128, waitingMax: 1_024, busy: () => new Error("full") };

/** A group commit that stores each job as a row of a real database and answers with the number of rows. */
function fixture(changed: { groupMax?: number; waitingMax?: number } = {}) {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE job (name TEXT NOT NULL) STRICT");
  const log: string[] = [];
  const insert = database.prepare("INSERT INTO job (name) VALUES (?)");
  const group = new GroupCommit<string, number>({
    ...limits,
    ...changed,
    transaction(body) {
      log.push("begin");
      database.exec("BEGIN IMMEDIATE");
      try {
        body();
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
      database.exec("COMMIT");
      log.push("commit");
    },
    run(job) {
      if (job === "refuse") throw new Refused();
      insert.run(job);
      if (job === "break") throw new Error("disk gone");
      return Number(database.prepare("SELECT count(*) AS n FROM job").get()?.["n"]);
    },
    isOwnFailure: (error) => error instanceof Refused,
  });
  const rows = () =>
    database
      .prepare("SELECT name FROM job ORDER BY rowid")
      .all()
      .map((row) => row["name"]);
  return { submit: (job: string) => group.submit(job), log, rows };
}
