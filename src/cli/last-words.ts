/** After Ctrl-C, for telling what became of a message. */
export const lastWordsMs = 2_000;

/** Options of a call that belongs to the work: given up with it, and made within that time once it has been stopped. */
export function lastWords(signal: AbortSignal): { readonly signal?: AbortSignal; readonly timeoutMs?: number } {
  return signal.aborted ? { timeoutMs: lastWordsMs } : { signal };
}

/** The signal, or that time once it is aborted. */
export function untilLastWords(signal: AbortSignal): AbortSignal {
  return signal.aborted ? AbortSignal.timeout(lastWordsMs) : signal;
}
