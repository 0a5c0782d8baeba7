import { described, oneOf, text } from "../../../http/shape.ts";
import { answerOf, count, flag, instant, listing, nullable, view } from "../../../http/view.ts";
import {
  hookCauses,
  hookOutcomes,
  type HookRunView,
  type HooksView,
  type HookTestView,
  type HookView,
} from "../../../protocol/hooks-api.ts";
import {
  auditChoices,
  capabilityScopes,
  failureChoices,
  fsPolicies,
  type HookSettings,
  networkPolicies,
  unenforcedChoices,
} from "../../../protocol/hook-settings.ts";

const ended = {
  exit_code: nullable(count()),
  signal: described(nullable(text()), "What ended it, if a signal did"),
  said: described(nullable(text()), "The end of its standard error"),
};

export const hookRun = answerOf<HookRunView>("HookRun")(
  view({
    run_id: count(),
    hook: text(),
    event_id: described(nullable(count()), "null: what called it is no event of the list"),
    event: described(oneOf(...hookCauses), "What called it"),
    state: oneOf("waiting", "running", "ended"),
    attempts: described(count(), "How often it was begun; more than once when the daemon ended meanwhile"),
    queued_at: instant(),
    started_at: nullable(instant()),
    ended_at: nullable(instant()),
    outcome: described(nullable(oneOf(...hookOutcomes)), "null until it has ended"),
    ...ended,
    reason: described(nullable(text()), "Why it did not run, or why its reply was not sent"),
    reply: described(nullable(text()), "client_message_id of its reply"),
    runs: described(count(), "Events that this stands for: more than one when they were dropped together"),
  }),
);

const settings = answerOf<HookSettings>("HookSettings")(
  view({
    enabled: flag(),
    timeout_s: count(),
    output_size_limit: count(),
    redact_payload: flag(),
    allow_reply: flag(),
    capability_token_scope: listing(oneOf(...capabilityScopes)),
    network_policy: oneOf(...networkPolicies),
    fs_policy: oneOf(...fsPolicies),
    unenforced: oneOf(...unenforcedChoices),
    audit: oneOf(...auditChoices),
    on_failure: oneOf(...failureChoices),
  }),
);

const hook = answerOf<HookView>("Hook")(
  view({
    hook: text(),
    called_when: described(text(), "What calls it, in words"),
    settings: described(settings, "As in force, defaults included"),
    path: described(text(), "Of the executable"),
    fault: described(nullable(text()), "Why it would not be run as it is now; null: it would"),
    waiting: described(count(), "Runs that wait"),
    running: count(),
    last_run: nullable(hookRun),
  }),
);

export const hooks = answerOf<HooksView>("Hooks")(
  view({
    off: described(nullable(text()), "Why none runs here, whatever hooks.toml says; null: they do"),
    path: described(text(), "Of hooks.toml"),
    containment: described(
      view({
        by: described(nullable(oneOf("bubblewrap", "unshare")), "null: nothing on this host contains a hook"),
        missing: described(listing(text()), "Why what would be better cannot be used"),
        bounds: described(listing(oneOf("memory", "file_size", "processes")), "What a hook is bounded in"),
      }),
      "What hooks are held to their policies by, found out by trying",
    ),
    hooks: listing(hook),
  }),
);

export const hookTest = answerOf<HookTestView>("HookTest")(
  view({
    hook: text(),
    outcome: oneOf(...hookOutcomes),
    ...ended,
    reason: described(nullable(text()), "Why it did not run, or why its answer would not be taken"),
    duration_ms: described(nullable(count()), "null: it did not run"),
    enforced: described(nullable(flag()), "false: it ran as the user. null: it did not run"),
    output: described(text(), "Its standard output, as far as it is read"),
    output_cut: flag(),
    replies: described(flag(), "It would have replied"),
  }),
);
