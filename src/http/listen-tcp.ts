import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** Listens and resolves with the port; 0 lets the system pick one. Rejects with the system's error. */
export async function listenTcp(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/**
 * Ends a server at once: requests under way are cut, and so is what has not become a request yet, such as a TLS
 * handshake that nobody finishes. Call when the server is made; the function that comes back is idempotent.
 */
export function closer(server: Server): () => Promise<void> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
}
