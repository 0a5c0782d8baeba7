/** A request's target: its path as it was written, and its query. */
export interface RequestTarget {
  readonly path: string;
  readonly query: URLSearchParams;
  /** Else the decoder has put U+FFFD where nobody wrote it, or read each byte as a character. */
  readonly queryIsUtf8: boolean;
}

/** In either of its forms: `/path?query` or the whole URL. */
export function readTarget(target: string): RequestTarget {
  const own = target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = own.indexOf("?");
  if (mark < 0) return { path: own, query: emptyQuery, queryIsUtf8: true };
  const query = own.slice(mark + 1);
  return { path: own.slice(0, mark), query: new URLSearchParams(query), queryIsUtf8: isUtf8(query) };
}

const emptyQuery = new URLSearchParams();

/** A percent sign that begins no byte stands for itself, as for the decoder. */
function isUtf8(query: string): boolean {
  if (/[^\x00-\x7f]/.test(query)) return false;
  if (!query.includes("%")) return true;
  try {
    decodeURIComponent(query.replace(/%(?![0-9a-f]{2})/gi, "%25"));
    return true;
  } catch {
    return false;
  }
}
