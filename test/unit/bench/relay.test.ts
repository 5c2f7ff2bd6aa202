/** The relay speaks the wire as it is, byte for byte up to the names that chance gives. */
import { once } from "node:events";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createRelay } from "../../../src/bench/relay.ts";

/** The default is a second, which is no deadline on a busy machine. */
const WITHIN_MS = 30_000;

/** A connection that gathers what it is told, names replaced by what the test calls them. */
class Peer {
  readonly socket: Socket;
  text = "";
  constructor(port: number) {
    this.socket = connect({ host: "127.0.0.1", port });
    this.socket.setEncoding("utf8").on("data", (chunk: string) => {
      this.text += chunk;
    });
  }

  get name(): string {
    return /"u":"([^"]+)","rs"/.exec(this.text)?.[1] ?? "";
  }

  /** Lines after the greeting. */
  lines(names: Readonly<Record<string, string>>): readonly string[] {
    let text = this.text;
    for (const [name, meaning] of Object.entries(names)) text = text.replaceAll(`"${name}"`, `"${meaning}"`);
    return text.split("\r\n").slice(1, -1);
  }
}

describe("relay", () => {
  let server: Server;
  let port = 0;

  beforeEach(async () => {
    server = createRelay([
      { name: "general", description: "All." },
      { name: "rust", description: "Rust." },
    ]);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });

  afterEach(() => {
    server.close();
  });

  it("speaks the wire's own example", async () => {
    const a = new Peer(port);
    const b = new Peer(port);
    const seen = (peer: Peer, count: number) =>
      vi.waitFor(() => expect(peer.text.split("\r\n")).toHaveLength(count + 2), WITHIN_MS);
    await seen(a, 0);
    await seen(b, 0);
    expect(a.text).toMatch(
      /^\{"_et":"login_successful","s":"[\w-]{21}","u":"[\w-]{5}","rs":\[\{"n":"general","d":"All."\},\{"n":"rust","d":"Rust."\}\]\}\r\n$/,
    );
    const names = { [a.name]: "A", [b.name]: "B" };
    a.socket.write('{"_ct":"join_room","r":"rust"}\n');
    await seen(a, 2);
    b.socket.write('{"_ct":"join_room","r":"rust"}\r\n');
    await seen(b, 2);
    a.socket.write('{"_ct":"send_message","r":"rust","c":"héllo \\"q\\""}\n');
    await seen(b, 3);
    a.socket.write('not json\n{"_ct":"leave_room","r":"general"}\n{"_ct":"send_message","r":"general","c":"no"}\n');
    a.socket.write('{"_ct":"join_room","r":"general"}\n{"_ct":"send_message","r":"general","c":"two in one packet"}\n');
    await seen(a, 7);
    b.socket.write('{"_ct":"leave_room","r":"rust"}\n');
    await seen(b, 4);
    const ended = once(b.socket, "end");
    b.socket.write('{"_ct":"quit"}\n');
    await ended;
    await seen(a, 8);
    expect(a.lines(names)).toEqual([
      '{"_et":"user_joined_room","r":"rust","us":["A"]}',
      '{"_et":"room_participation","r":"rust","u":"A","s":"joined"}',
      '{"_et":"room_participation","r":"rust","u":"B","s":"joined"}',
      '{"_et":"user_message","r":"rust","u":"A","c":"héllo \\"q\\""}',
      '{"_et":"user_joined_room","r":"general","us":["A"]}',
      '{"_et":"room_participation","r":"general","u":"A","s":"joined"}',
      '{"_et":"user_message","r":"general","u":"A","c":"two in one packet"}',
      '{"_et":"room_participation","r":"rust","u":"B","s":"left"}',
    ]);
    expect(b.lines(names)).toEqual([
      '{"_et":"user_joined_room","r":"rust","us":["A","B"]}',
      '{"_et":"room_participation","r":"rust","u":"B","s":"joined"}',
      '{"_et":"user_message","r":"rust","u":"A","c":"héllo \\"q\\""}',
      '{"_et":"room_participation","r":"rust","u":"B","s":"left"}',
    ]);
    a.socket.destroy();
    b.socket.destroy();
  });

  it("tells the others when a connection drops", async () => {
    const a = new Peer(port);
    const b = new Peer(port);
    a.socket.write('{"_ct":"join_room","r":"rust"}\n');
    await vi.waitFor(() => expect(a.text).toContain('"joined"'), WITHIN_MS);
    b.socket.write('{"_ct":"join_room","r":"rust"}\n');
    await vi.waitFor(() => expect(b.text).toContain('"joined"'), WITHIN_MS);
    b.socket.destroy();
    await vi.waitFor(() => expect(a.text).toContain(`"u":"${b.name}","s":"left"`), WITHIN_MS);
    a.socket.destroy();
  });
});
