/** Turns: what one connection asks is begun only when its answers cannot pile up. */
import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { Turns } from "../../../../src/server/gateways/http/turns.ts";

/** One connection, as far as turns look at it. */
class Connection {
  readonly begun: string[] = [];
  readonly socket = {
    destroyed: false,
    destroy: () => {
      this.socket.destroyed = true;
    },
  };
  readonly #turns = new Turns();

  /** A request comes; gives what ends its answer. */
  ask(method: string, name: string): () => void {
    const request = { method, socket: this.socket } as unknown as IncomingMessage;
    const response = new EventEmitter() as unknown as ServerResponse;
    this.#turns.take(request, response, () => void this.begun.push(name));
    return () => void response.emit("close");
  }
}

describe("the requests of one connection", () => {
  it("HTTP-2 are begun one after the other, where they may have long answers", () => {
    const connection = new Connection();
    const first = connection.ask("GET", "first");
    const second = connection.ask("GET", "second");
    connection.ask("DELETE", "third");
    expect(connection.begun).toEqual(["first"]);
    first();
    expect(connection.begun).toEqual(["first", "second"]);
    second();
    expect(connection.begun).toEqual(["first", "second", "third"]);
  });

  it("may be 64 posts at a time, and what is no post waits for all of them", () => {
    const connection = new Connection();
    const ends = Array.from({ length: 70 }, (_, index) => connection.ask("POST", `post ${index}`));
    connection.ask("GET", "page");
    connection.ask("POST", "late");
    expect(connection.begun).toHaveLength(64);
    for (const end of ends) end();
    expect(connection.begun).toHaveLength(71);
    expect(connection.begun.at(-1)).toBe("page");
  });

  it("are dropped with the connection", () => {
    const connection = new Connection();
    const first = connection.ask("GET", "first");
    connection.ask("GET", "second");
    connection.socket.destroy();
    first();
    expect(connection.begun).toEqual(["first"]);
  });

  it("HTTP-2 may be a thousand that wait; one more closes the connection", () => {
    const connection = new Connection();
    connection.ask("GET", "first");
    for (let waiting = 0; waiting < 1000; waiting++) connection.ask("GET", "waits");
    expect(connection.socket.destroyed).toBe(false);
    connection.ask("GET", "too many");
    expect(connection.socket.destroyed).toBe(true);
    expect(connection.begun).toEqual(["first"]);
  });
});
