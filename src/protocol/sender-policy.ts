import { type SenderPolicies, type SenderPolicy, senderPolicies } from "./offers-api.ts";

/**
 * What a message may do to the sessions of an agent: what the agent's own line on its sender says, else the line for all agents, else the
 * settings. Of what nobody has signed the stricter one of that and of the setting for such messages.
 */
export function policyOf(
  message: { readonly from: { readonly member_id: string }; readonly verified: boolean; readonly via: string | null },
  agent: string,
  { items, default: fallback, unverified }: SenderPolicies,
  now: number,
): SenderPolicy {
  const lines = items.filter(
    ({ sender, until }) => sender.member_id === message.from.member_id && (until === null || Date.parse(until) > now),
  );
  const line = lines.find((one) => one.agent === agent) ?? lines.find((one) => one.agent === null);
  return effectivePolicy(message, line?.policy ?? null, { policy: fallback, unverified });
}

/** As above, where the line is known; null: there is none. */
export function effectivePolicy(
  { verified, via }: { readonly verified: boolean; readonly via: string | null },
  line: SenderPolicy | null,
  settings: { readonly policy: SenderPolicy; readonly unverified: SenderPolicy },
): SenderPolicy {
  const own = line ?? settings.policy;
  if (verified && via === null) return own;
  return senderPolicies.indexOf(settings.unverified) > senderPolicies.indexOf(own) ? settings.unverified : own;
}
