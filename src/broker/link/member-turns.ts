import { createInTurn, type InTurn } from "../../base/in-turn.ts";

/**
 * What decides over the links of one member, one after the other: an opening from the moment that the store has given it its place until
 * it is among the live links, and whoever ends links by what the store says.
 */
export interface MemberTurns {
  take<T>(meshId: string, memberId: string, work: () => Promise<T>): Promise<T>;
}

export function createMemberTurns(): MemberTurns {
  const turns = new Map<string, { readonly inTurn: InTurn; waiting: number }>();
  return {
    async take(meshId, memberId, work) {
      const key = `${meshId} ${memberId}`;
      const turn = turns.get(key) ?? { inTurn: createInTurn(), waiting: 0 };
      turns.set(key, turn);
      turn.waiting += 1;
      try {
        return await turn.inTurn(work);
      } finally {
        turn.waiting -= 1;
        if (turn.waiting === 0) turns.delete(key);
      }
    },
  };
}
