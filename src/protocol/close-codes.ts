/** WebSocket close codes of the link. Fixed: a number is never reused for another meaning. */
export const closeCodes = {
  protocol_error: 4001,
  auth_failed: 4002,
  replaced_by_newer_connection: 4003,
  member_already_connected: 4004,
  member_revoked: 4005,
  slow_consumer: 4008,
  kicked: 4009,
  feature_unavailable: 4010,
  feature_param_invalid: 4011,
  feature_param_below_floor: 4012,
} as const;

export type CloseKind = keyof typeof closeCodes;

/** Close code of a broker that stops in good order (RFC 6455 registry: service restart). */
export const serviceRestartCode = 1012;

/** A close reason holds at most this many bytes (RFC 6455 §5.5). */
export const closeReasonBytesMax = 123;
