/**
 * How commands and events are laid in a stream of bytes over TCP: one JSON object a line.
 */

/** What ends each line that the server writes. It takes a bare newline as well. */
export const LINE_END = "\r\n";

const HTTP_START = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PRI) /;

/** Whether a first line is an HTTP request's: then a web page is trying this port, and nothing of it may be executed. */
export function looksLikeHttp(firstLine: string): boolean {
  return HTTP_START.test(firstLine);
}
