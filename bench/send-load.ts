import { connect, type Socket } from "node:net";

/**
 * `POST /v1/send` over the daemon's socket with a fixed number of requests in flight, each connection kept alive. The
 * requests are written as bytes, since an HTTP client of the usual kind would cost more than the daemon it measures.
 */
export async function sendLoad(
  socketPath: string,
  body: string,
  messages: number,
  inFlight: number,
): Promise<{ perSecond: number; timesMs: number[] }> {
  const request = Buffer.from(
    `POST /v1/send HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const timesMs: number[] = [];
  let begun = 0;
  const start = performance.now();
  await Promise.all(
    Array.from(
      { length: inFlight },
      () =>
        new Promise<void>((resolve, reject) => {
          const socket = connect(socketPath, next);
          let sentAt = 0;
          let answer = "";
          function next(): void {
            if (begun === messages) {
              socket.end();
              resolve();
              return;
            }
            begun += 1;
            sentAt = performance.now();
            socket.write(request);
          }
          onAnswer(socket, (text) => {
            answer += text;
            const head = answer.indexOf("\r\n\r\n");
            if (head < 0 || answer.length < head + 4 + Number(/content-length: (\d+)/i.exec(answer)?.[1])) return;
            if (!answer.startsWith("HTTP/1.1 202 ")) return reject(new Error(answer));
            answer = "";
            timesMs.push(performance.now() - sentAt);
            next();
          });
          socket.on("error", reject);
        }),
    ),
  );
  return { perSecond: messages / ((performance.now() - start) / 1_000), timesMs };
}

function onAnswer(socket: Socket, take: (text: string) => void): void {
  socket.setEncoding("latin1").on("data", take);
}
