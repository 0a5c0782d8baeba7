import { readdirSync } from "node:fs";
import { join } from "node:path";
import { localSlug } from "../join-broker.ts";
import { type HomeCheck, ok, warning } from "./check.ts";

/** A folder with keys and without a mesh is a member that was never finished; `up`, or `join`, goes on where it stopped. */
export const check: HomeCheck = {
  name: "members",
  run(host) {
    let slugs: string[];
    try {
      slugs = readdirSync(join(host.home, "daemon"));
    } catch {
      return [];
    }
    const whole = slugs.filter((slug) => host.stat(join(host.home, "daemon", slug, "mesh.json")) !== null);
    const half = slugs.filter(
      (slug) => !whole.includes(slug) && host.stat(join(host.home, "daemon", slug, "keypair.json")) !== null,
    );
    return [
      ...(whole.length > 0 ? [ok(`this home has joined ${whole.join(", ")}`)] : []),
      ...half.map((slug) =>
        warning(
          `${join(host.home, "daemon", slug)} has keys and no mesh.json: making the member was interrupted`,
          slug === localSlug
            ? "claudemesh up goes on; if mesh.json was lost, put it back from a backup"
            : "claudemesh join LINK goes on, with the same link or a new one; if mesh.json was lost, too",
        ),
      ),
    ];
  },
};
