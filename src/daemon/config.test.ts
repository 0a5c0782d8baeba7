import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClaudemeshError } from "../protocol/error.ts";
import { defaultConfig, parseConfig, readConfig } from "./config.ts";

describe("config.toml", () => {
  it("reads as its defaults when the file, a table or a key is missing", () => {
    assert.deepEqual(readConfig("/nonexistent/config.toml"), defaultConfig);
    assert.deepEqual(parseConfig("", "c.toml"), defaultConfig);
    assert.deepEqual(parseConfig("[outbox]\ndisk_bytes_max = 2_000_000\n", "c.toml"), {
      ...defaultConfig,
      outbox: { ...defaultConfig.outbox, disk_bytes_max: 2_000_000 },
    });
  });

  it("reads every key, however TOML lets it be written", () => {
    const config = parseConfig(
      'outbox.max_age_hours_override = 48\n[local_api]\npublic_health_check = true\nallowed_origins = ["https://a.example"]\n[features]\nrequire = ["key_epoch"]\n',
      "c.toml",
    );
    assert.equal(config.outbox.max_age_hours_override, 48);
    assert.deepEqual(config.local_api, { public_health_check: true, allowed_origins: ["https://a.example"] });
    assert.deepEqual(config.features.require, ["key_epoch"]);
  });

  const refused: [string, string, number, RegExp][] = [
    ["a misspelled key", "[outbox]\n\ndisk_byte_max = 5\n", 3, /`disk_bytes_max`/],
    ["a misspelled table", "# hello\n[local-api]\n", 2, /`local_api`/],
    ["a key outside its table", "public_health_check = true\n", 1, /./],
    ["a value of another type", '[local_api]\npublic_health_check = "yes"\n', 2, /./],
    ["a number out of range", "[outbox]\nmax_age_hours_override = 0\n", 2, /./],
    ["an origin with a path", '[local_api]\nallowed_origins = ["https://a.example/x"]\n', 2, /./],
    ["text that is not TOML", "[outbox]\nmax_age_hours_override = = 3\n", 2, /./],
    ["a misspelled key in an inline table", "# top\nlink = { ping_secnds = 5 }\n", 2, /`ping_seconds`/],
    ["a key that is there twice", "[link]\nping_seconds = 5\nping_seconds = 6\n", 3, /./],
    [
      "a misspelled key behind Windows line ends and a byte order mark",
      "\ufeff[link]\r\n\r\nping_secnds = 5\r\n",
      3,
      /`ping_seconds`/,
    ],
    ["a table written as a value", "outbox = 3\n", 1, /\[outbox\]/],
    ["a table named like a property of every object", "[constructor]\n", 1, /./],
  ];
  for (const [what, source, line, hint] of refused) {
    it(`refuses ${what}, naming the line`, () => {
      assert.throws(
        () => parseConfig(source, "c.toml"),
        (error) => {
          assert.ok(error instanceof ClaudemeshError);
          assert.equal(error.code, "invalid_config");
          assert.equal(error.details["line"], line, error.message);
          assert.match(error.message, new RegExp(`^c\\.toml:${line}: `));
          assert.match(error.hint ?? "", hint);
          return true;
        },
      );
    });
  }
});
