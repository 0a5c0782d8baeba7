import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describedApi } from "../../test/support/api-walk/described-api.ts";
import { errorCodes } from "../protocol/error-codes.ts";
import { apiDescriptions, asFile } from "./api-descriptions.ts";

const descriptions = apiDescriptions();

for (const name of ["local-api", "broker", "broker-admin"] as const) {
  describe(`the description of ${name}`, () => {
    const api = describedApi(name);

    it("is checked in as the table gives it now", () => {
      const checkedIn = readFileSync(new URL(`../../docs/openapi/${name}.json`, import.meta.url), "utf8");
      assert.equal(checkedIn, asFile(descriptions[name]), "run: npm run docs");
    });

    it("is OpenAPI 3.1 to a validator that knows nothing of it", async () => {
      const { valid, errors } = await new Validator().validate({ ...descriptions[name] });
      assert.ok(valid, JSON.stringify(errors));
    });

    it("has schemas that a strict validator takes, closed for requests and open for answers", () => {
      for (const { id, body, responses } of api.operations.values()) {
        if (body !== null) {
          assert.equal(body["additionalProperties"], false, id);
          assert.notEqual(api.wrong(body, { a_name_nobody_uses: 1 }), null, id);
        }
        for (const [status, { content = {} }] of responses) {
          for (const { schema, "x-itemSchema": item = {} } of Object.values(content)) {
            // Nothing is judged here: compiling them is what a strict validator refuses.
            for (const one of [schema, item]) api.wrong(one, {});
            assert.doesNotMatch(JSON.stringify([schema, item]), /"additionalProperties":false/, `${id} ${status}`);
          }
        }
      }
      assert.doesNotMatch(JSON.stringify(api.document["components"]), /"additionalProperties":false/);
    });

    it("links every code that it names to the page of that code", () => {
      for (const { id, responses } of api.operations.values()) {
        for (const [status, { description }] of responses) {
          for (const [, code = "", page = ""] of description.matchAll(/\[(\w+)\]\((\S+?)\)/g)) {
            assert.equal(page, `https://claudemesh.dev/errors/${code}`, id);
            assert.equal(new Map(Object.entries(errorCodes)).get(code)?.status, status, `${id} ${code}`);
          }
        }
      }
    });
  });
}
