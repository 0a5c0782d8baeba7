import { readProgramVersion } from "../../base/program-version.ts";
import { apiDescriptions } from "../api-descriptions.ts";
import { goTypes } from "./go.ts";
import { pythonCodes, pythonTypes } from "./python.ts";
import { readModel } from "./read-model.ts";

/** What is generated for the SDKs: its text by its path from the root. */
export function sdkTypeFiles(): Readonly<Record<string, string>> {
  const model = readModel(apiDescriptions()["local-api"]);
  return {
    "sdk/go/types.go": goTypes(model, readProgramVersion()),
    "sdk/python/src/claudemesh/_types.py": pythonTypes(model),
    "sdk/python/src/claudemesh/_codes.py": pythonCodes(model),
  };
}
