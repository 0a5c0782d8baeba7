import type { MembershipTrouble } from "../parts.ts";

/** What may keep the broker's chain and this home's apart, and what whoever reads of it can do. */
export const troubles = {
  unsealed: (): MembershipTrouble => ({
    code: "mesh_unsealed",
    message: "the mesh is from before there was encryption: it has no membership that messages could be sealed by",
    hint: "claudemesh mesh seal, first in the home of the mesh's owner",
  }),
  notPinned: (): MembershipTrouble => ({
    code: "mesh_unsealed",
    message: "the mesh is sealed now, and this home has not taken over its membership yet",
    hint: "claudemesh mesh seal",
  }),
  rolledBack: (brokerN: number, ourN: number): MembershipTrouble => ({
    code: "membership_rolled_back",
    message: `the broker has lost the mesh's membership above entry ${brokerN}; this home holds it up to ${ourN}, goes by that, and hands it in again`,
    hint: "an old copy of the broker's data may have been put back: ask its operator; claudemesh membership show",
  }),
  forked: (n: number): MembershipTrouble => ({
    code: "membership_forked",
    message: `the broker shows another membership of the mesh than this home holds (up to entry ${n}); nothing of it is taken`,
    hint: "do not trust this broker until you know why: compare `claudemesh membership show` with another member's, and claudemesh verify @NAME",
  }),
  invalid: (n: number, why: string): MembershipTrouble => ({
    code: "membership_invalid",
    message: `the broker's membership entry ${n} is not valid, and nothing from there on is taken: ${why}`,
    hint: "do not trust this broker until you know why: compare `claudemesh membership show` with another member's",
  }),
  newer: (message: string): MembershipTrouble => ({
    code: "membership_newer",
    message,
    hint: "install a newer claudemesh on this host",
  }),
} as const;

/** Every code that one may have. */
export const troubleCodes = [
  "mesh_unsealed",
  "membership_rolled_back",
  "membership_forked",
  "membership_invalid",
  "membership_newer",
] as const satisfies readonly MembershipTrouble["code"][];
