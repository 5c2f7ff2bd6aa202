/** Answers are read alike however the bytes come cut, with a length or in chunks; what can't be framed is said so. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SharedReadBuffer } from "../../../src/bench/bench-socket.ts";
import { AnswerReader } from "../../../src/bench/http/answer-reader.ts";

/** Feeds bytes in pieces; each answer as one line, or `broken`. */
function answers(bytes: Buffer, cuts: readonly number[]): readonly string[] {
  const told: string[] = [];
  const reader = new AnswerReader();
  const shared = new SharedReadBuffer();
  let carry: Buffer | undefined;
  const scan = (target: Buffer, from: number, to: number): number => {
    let at = from;
    while (at < to) {
      const end = reader.read(target, at, to);
      if (end === at) return at;
      if (end < 0) {
        told.push("broken");
        return to;
      }
      const { status, closes } = reader;
      const body = reader.bytes.toString("utf8", reader.bodyFrom, reader.bodyTo);
      const head = reader.bytes.toString("latin1", reader.headFrom, reader.headTo);
      expect(head).toMatch(/^HTTP\/1\.1 \d{3} .*\r\n\r\n$/s);
      told.push(`${status}${closes ? " closes" : ""}: ${body}`);
      at = end;
    }
    return at;
  };
  const ends = [...new Set([...cuts, bytes.length])].filter((cut) => cut <= bytes.length).sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    const count = bytes.copy(shared.target, 0, from, end);
    carry = shared.take(carry, count, scan);
    from = end;
  }
  expect(carry).toBeUndefined();
  return told;
}

const lengthOf = (body: string): string => String(Buffer.byteLength(body));

/** A body of several chunks, one of them with an extension. */
function chunked(body: string): string {
  const bytes = Buffer.from(body);
  const half = bytes.length >> 1;
  const parts = [bytes.subarray(0, half), bytes.subarray(half)].filter((part) => part.length > 0);
  const chunks = parts.map((part, index) => [
    Buffer.from(`${part.length.toString(16)}${index === 0 ? ";a=b" : ""}\r\n`),
    part,
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([...chunks.flat(), Buffer.from("0\r\n\r\n")]).toString("latin1");
}

describe("answer reader", () => {
  it("reads answers with a length and in chunks, however they are cut", () => {
    const one = fc.record({ body: fc.string({ unit: "grapheme", maxLength: 300 }), way: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 6 }), fc.array(fc.nat(2000)), (all, cuts) => {
        const bytes = all.map(({ body, way }) => {
          const utf8 = Buffer.from(body).toString("latin1");
          if (way === 0) return `HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: ${lengthOf(body)}\r\n\r\n${utf8}`;
          if (way === 1)
            return `HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\nVary: y\r\n\r\n${chunked(body)}`;
          return `HTTP/1.1 503 -\r\nCONNECTION: close\r\ncontent-length:${lengthOf(body)}\r\n\r\n${utf8}`;
        });
        const expected = all.map(({ body, way }) => `${["200", "404", "503 closes"][way]}: ${body}`);
        expect(answers(Buffer.from(bytes.join(""), "latin1"), cuts)).toEqual(expected);
      }),
    );
  });

  it("takes answers that have no body, and none whose end it can't know", () => {
    expect(answers(Buffer.from("HTTP/1.1 204 No Content\r\nDate: x\r\n\r\n"), [])).toEqual(["204: "]);
    expect(answers(Buffer.from("HTTP/1.1 303 See Other\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), [])).toEqual([
      "303: ",
    ]);
    for (const endless of [
      "HTTP/1.1 200 OK\r\nDate: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
      "HTTP/1.1 101 Switching\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot hex\r\n",
      "nonsense\r\n\r\n",
    ]) {
      expect(answers(Buffer.from(endless), [])).toEqual(["broken"]);
    }
  });
});
