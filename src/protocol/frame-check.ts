import { ClaudemeshError } from "./error.ts";
import { isRecord } from "./feature-schemas.ts";
import type { BrokerFrame, DaemonFrame } from "./frames.ts";
import { brokerShapes, daemonShapes, type Shape } from "./frame-shapes.ts";

/**
 * A frame of a daemon, checked at its outer shape; the envelopes of a `send` are left to checkEnvelope, one by one, so
 * that one bad item never fails its neighbours. Throws protocol_error; details.unknown_type for a type not known here.
 */
export function parseDaemonFrame(text: string): DaemonFrame {
  return parse(text, daemonShapes) as unknown as DaemonFrame;
}

/** A frame of a broker; as {@link parseDaemonFrame}. */
export function parseBrokerFrame(text: string): BrokerFrame {
  return parse(text, brokerShapes) as unknown as BrokerFrame;
}

/** What a message of the link says. A binary one is refused: only of texts has it been checked that they are UTF-8. */
export function frameText(message: { toString(): string }, isBinary: boolean): string {
  if (isBinary) throw new ClaudemeshError("protocol_error", "frames are text");
  return message.toString();
}

function parse(text: string, shapes: Readonly<Record<string, Shape>>): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ClaudemeshError("protocol_error", "the frame is not JSON", { cause: error });
  }
  if (!isRecord(value) || typeof value["type"] !== "string")
    throw new ClaudemeshError("protocol_error", "the frame has no type");
  const type = value["type"];
  const shape = Object.hasOwn(shapes, type) ? shapes[type] : undefined;
  if (shape === undefined) {
    throw new ClaudemeshError("protocol_error", `unknown frame type ${JSON.stringify(type.slice(0, 60))}`, {
      details: { unknown_type: type.slice(0, 60), ...(Number.isSafeInteger(value["id"]) ? { id: value["id"] } : {}) },
    });
  }
  for (const [field, test] of Object.entries(shape)) {
    if (!test(value[field]))
      throw new ClaudemeshError("protocol_error", `${type}: field ${field} is missing or ill-formed`);
  }
  return value;
}
