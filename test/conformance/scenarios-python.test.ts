import { scenarioTests } from "../../conformance/runner/scenario-tests.ts";

scenarioTests("python");
