/** How a session's inbox socket is treated. What a session itself allows stands among the assumptions about it. */
export const socketLimits = {
  /** Characters of one framed message; the rest is shown by the inbox. A context is small. */
  charsMax: 32_000,
  dialMs: 1_000,
  /** A session says at once that it holds a message back. Silence for so long: it has taken it. */
  receiptMs: 1_000,
  /** Lines to one session in `paceMs`: it refuses bursts. */
  linesAPaceMax: 10,
  paceMs: 1_000,
  /** Lines that a busy session has not come to, as far as is known; it takes 50. */
  queuedMax: 40,
  /** Sessions whose pace is remembered. */
  sessionsMax: 256,
  /** Folders of sessions' sockets in which receipts are awaited: as many as sessions, since each may have its own. */
  foldersMax: 256,
  /** Between looks at a process that its user has stopped. */
  stoppedMs: 5_000,
  /** Between tries of a session that refuses. */
  backoff: { baseMs: 500, capMs: 30_000 },
  statusLineBytesMax: 65_536,
  statusConnectionsMax: 64,
} as const;
