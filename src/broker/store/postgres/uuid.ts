const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Of no mesh and no topic: those are of version 7. */
const none = "00000000-0000-0000-0000-000000000000";

/**
 * An id from outside for a column of type uuid. A text that is no UUID, or one in another spelling than ours, names nothing;
 * the server would refuse it as a fault of the statement.
 */
export function uuidOrNone(text: string): string {
  return uuidPattern.test(text) ? text : none;
}
