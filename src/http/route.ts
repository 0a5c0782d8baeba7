import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { ErrorCode } from "../protocol/error-codes.ts";
import type { Field, Reading, Shape } from "./shape.ts";

export type Transport = "unix" | "tcp";

/** One request as a handler sees it: parsed, checked against the route's shapes. */
export interface Call<P extends Shape, Q extends Shape, H extends Shape, B extends Shape> {
  readonly params: Reading<P>;
  readonly query: Reading<Q>;
  readonly headers: Reading<H>;
  readonly body: Reading<B>;
  /** Of a route whose {@link RawBody} has a bound: all of it. Else nothing. */
  readonly bytes: Buffer;
  /** Of a route whose {@link RawBody} has none: what is still to be read of the request. */
  readonly incoming: Readable | null;
  /** HEAD: the answer's body is not sent. */
  readonly bodiless: boolean;
  readonly transport: Transport;
  /** Of the caller's end of the connection, or of the proxy before it; "" on a unix socket. */
  readonly address: string;
  /** What {@link Operation.admit} resolved with; undefined where there is none. */
  readonly admitted: unknown;
  /** Aborted when the caller goes away before it is answered. Made when asked for: nearly every route answers at once. */
  gone(): AbortSignal;
}

/** What is known of a request before its body is read. Nothing of it is checked yet. */
export interface RequestHead {
  readonly method: string;
  /** As it was written, without the query. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly address: string;
}

/** A request's body that is not JSON but bytes, of any content type. */
export interface RawBody {
  readonly description: string;
  /** null: as many as there are; the handler reads them as they come. */
  readonly bytesMax: number | null;
}

/** How many requests of one kind may be under way: a route that takes long leaves the rest of the API's places to others. */
export interface Places {
  readonly max: number;
  taken: number;
  /** How many of them one caller may take; absent: all. `of`: who it is, by what the route's `admit` has found. */
  readonly each?: { readonly max: number; of(admitted: unknown): string; readonly taken: Map<string, number> };
}

/** An answer. `body` is sent as JSON; `text` as it is, with its own content type; of `content` all `length` bytes, null for HEAD. */
export type Reply =
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly status: number; readonly text: string; readonly contentType: string }
  | {
      readonly status: number;
      readonly content: Uint8Array | Readable | null;
      readonly length: number;
      readonly contentType: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

/** An answer of success as the API's description shows it. `item` is one entry of a stream. */
export type Answer =
  | {
      readonly status: number;
      readonly description: string;
      readonly body: Field<unknown>;
      /** Headers that it may have beside those of every answer, in lower case: what each tells. */
      readonly headers?: Readonly<Record<string, string>>;
    }
  | {
      readonly status: number;
      readonly description: string;
      readonly contentType: string;
      readonly item?: Field<unknown>;
    };

type NoFields = Readonly<Record<never, never>>;

/** What every route tells of itself. What is left out is not there. */
interface Definition<P extends Shape, Q extends Shape, H extends Shape> {
  /** Unique in its API, in camelCase: what generated clients call it. */
  readonly name: string;
  /** `/v1/messages/{id}`: a parameter fills one segment. */
  readonly path: string;
  readonly summary: string;
  /** One field for each parameter of the path; see {@link inPath}. */
  readonly params?: P;
  /** null: whatever the query holds is ignored. */
  readonly query?: Q | null;
  /** The headers that the route reads, in lower case. */
  readonly headers?: H;
  readonly answers: readonly Answer[];
  /** Codes of refusal beside those that follow from the route's own form; errorsOf() lists both. */
  readonly errors?: readonly ErrorCode[];
}

export interface Operation<P extends Shape, Q extends Shape, H extends Shape, B extends Shape>
  extends Definition<P, Q, H> {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Absent or null: the request has no body. Else JSON; with `bodyOptional` nothing at all reads as `{}`. */
  readonly body?: B | null;
  readonly bodyOptional?: boolean;
  /** Where the body may be of another size than the API's others. */
  readonly bodyBytesMax?: number | null;
  /** Instead of `body`. */
  readonly rawBody?: RawBody | null;
  /** Absent or null: those of all requests. */
  readonly places?: Places | null;
  /** Refused without the API's token, whoever asks; `admit` sees to it. */
  readonly tokenRequired?: boolean;
  /** Asked before anything else of the request is read. Throws the refusal of who may not. */
  admit?(head: RequestHead): Promise<unknown>;
  /** Names often written by mistake, with the field that is meant. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** A gate may let it pass without a token. */
  readonly public?: boolean;
  /** HEAD is answered too, as GET without the body. */
  readonly head?: boolean;
  handle(call: Call<P, Q, H, B>): Reply | Promise<Reply>;
}

/** A route that keeps its response open. It counts against the streams, not against the requests in flight. */
export interface StreamOperation<P extends Shape, Q extends Shape, H extends Shape> extends Definition<P, Q, H> {
  /** Throws before the first byte, or takes the response over and calls `closed` once when it is done with it. */
  open(call: Call<P, Q, H, NoFields>, request: IncomingMessage, response: ServerResponse, closed: () => void): void;
}

/** A line of the route table: the definition with everything that was left out. */
export interface RouteForm {
  readonly name: string;
  /** The group that it stands in; see {@link tagged}. */
  readonly tag: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly summary: string;
  readonly params: Shape;
  readonly query: Shape | null;
  readonly headers: Shape;
  readonly body: Shape | null;
  readonly bodyOptional: boolean;
  readonly bodyBytesMax: number | null;
  readonly rawBody: RawBody | null;
  readonly places: Places | null;
  readonly tokenRequired: boolean;
  readonly aliases: Readonly<Record<string, string>>;
  readonly answers: readonly Answer[];
  readonly errors: readonly ErrorCode[];
  readonly public: boolean;
  readonly head: boolean;
}

export type Route = RouteForm &
  (
    | Pick<Operation<Shape, Shape, Shape, Shape>, "handle" | "admit">
    | Pick<StreamOperation<Shape, Shape, Shape>, "open">
  );
export type StreamRoute = Extract<Route, { open: unknown }>;

const absent = {
  tag: "",
  params: {},
  query: {},
  headers: {},
  body: null,
  bodyOptional: false,
  bodyBytesMax: null,
  rawBody: null,
  places: null,
  tokenRequired: false,
  aliases: {},
  errors: [],
  public: false,
  head: false,
} as const;

/** Keeps the shapes' types for `handle` and forgets them for the table. */
export function operation<
  const P extends Shape = NoFields,
  const Q extends Shape = NoFields,
  const H extends Shape = NoFields,
  const B extends Shape = NoFields,
>(definition: Operation<P, Q, H, B>): Route {
  return { ...absent, ...definition } as unknown as Route;
}

/** As {@link operation}, for a route that keeps its response open. */
export function stream<
  const P extends Shape = NoFields,
  const Q extends Shape = NoFields,
  const H extends Shape = NoFields,
>(definition: StreamOperation<P, Q, H>): Route {
  return { ...absent, ...definition, method: "GET" } as unknown as Route;
}

/** The same routes as one group of their API's description. */
export function tagged(tag: string, routes: readonly Route[]): readonly Route[] {
  return routes.map((route) => ({ ...route, tag }));
}
