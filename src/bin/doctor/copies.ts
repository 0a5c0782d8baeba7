import { type DaemonCheck, warning } from "./check.ts";

/** A copy that nobody has seen again for so long was a move, or is over. */
const toldForMs = 7 * 86_400_000;

/** Members whose daemon told the broker of another host than before. Owners and admins are shown it. */
export const check: DaemonCheck = {
  name: "copies",
  async run({ now }, { slug, health, client }) {
    if (health?.link.state !== "connected" || client === null) return [];
    return (await client.members()).flatMap(({ name, self, clone_suspected_at: at }) => {
      if (at == null || now - Date.parse(at) > toldForMs) return [];
      return [
        warning(
          `the daemon of @${name} said at ${at} that it is on another host: moved there, or a copy`,
          self
            ? "nothing, if this home was moved or given another clone.id_override then; else end the copy that somebody runs"
            : `ask whoever runs it; if it is not theirs: claudemesh member revoke @${name} --mesh ${slug}`,
        ),
      ];
    });
  },
};
