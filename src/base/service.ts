/** Something with a lifetime. `stop` is idempotent, safe before `start`, and complete when its promise resolves. */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}
