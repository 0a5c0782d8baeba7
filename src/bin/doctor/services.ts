import { shellWords } from "../../cli/shell-words.ts";
import { installedServices } from "../service/installed-services.ts";
import { type HomeCheck, ok, type Outcome, problem } from "./check.ts";

/** Services of this home: whether the Node and the program that they start are still where they start them from. */
export const check: HomeCheck = {
  name: "services",
  run(host) {
    const services = installedServices(host.home, host.services);
    const faults = services.flatMap(({ path, of, mesh, scope, node, program }): Outcome[] => {
      const gone = [node, program].filter((file) => !host.exists(file));
      if (gone.length === 0) return [];
      const words = [
        // What sudo starts has neither this user's PATH nor his home.
        ...(scope === "system"
          ? ["sudo", `CLAUDEMESH_HOME=${host.home}`, host.services.node, host.services.program]
          : ["claudemesh"]),
        "install-service",
        ...(mesh === null ? [] : ["--mesh", mesh]),
        ...(of === "broker" ? ["--broker"] : []),
        ...(scope === "system" ? ["--system"] : []),
      ];
      return [
        problem(
          `the service ${path} starts ${gone.join(" with ")}, which is not there: it will not start again`,
          `${shellWords(words)} writes it anew, with the Node and the program that run this`,
        ),
      ];
    });
    if (faults.length > 0) return faults;
    return services.length === 0
      ? []
      : [ok(`${services.map(({ name }) => name).join(", ")}: what the services start is where they start it from`)];
  },
};
