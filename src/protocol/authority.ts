/**
 * Whether a text is a host with or without a port, written as a Host header has it: one spelling, and no user, path or
 * query beside it. The port is left out where it is the scheme's own, and may be written all the same. URLs take more
 * characters for a host than names have, those of a shell among them.
 */
export function isAuthority(text: string): boolean {
  if (!/^[a-z0-9._:[\]-]+$/.test(text)) return false;
  return URL.parse(`wss://${text}/`)?.host === text || URL.parse(`ws://${text}/`)?.host === text;
}
