/**
 * Load tool, the baseline: a plain in-memory chat relay as one writes it in an afternoon. Bare `node:net`, lines split
 * as strings, `JSON.parse`, one write per event and member; nothing is kept. It speaks the wire as it is, without the
 * fields that this project added.
 */
import { createServer, type Server, type Socket } from "node:net";
import { nanoid } from "nanoid";

/** A room that the relay offers. */
export interface RelayRoom {
  readonly name: string;
  readonly description: string;
}

interface Member {
  readonly name: string;
  readonly socket: Socket;
}

/** A relay that is not listening yet. */
export function createRelay(rooms: readonly RelayRoom[]): Server {
  const members = new Map<string, Set<Member>>(rooms.map((room) => [room.name, new Set<Member>()]));
  const names = new Set<string>();
  const listings = rooms.map(({ name, description }) => ({ n: name, d: description }));
  return createServer((socket) => {
    let name = nanoid(5);
    while (names.has(name)) name = nanoid(5);
    names.add(name);
    const me: Member = { name, socket };
    socket.setEncoding("utf8");
    socket.write(line({ _et: "login_successful", s: nanoid(), u: name, rs: listings }));
    let rest = "";
    socket.on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const text of lines) handle(me, text, members);
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      for (const room of members.keys()) leave(me, room, members);
      names.delete(name);
    });
  });
}

function handle(me: Member, text: string, members: ReadonlyMap<string, Set<Member>>): void {
  const command = parse(text);
  const room = members.get(String(command?.r));
  if (command?._ct === "quit") {
    for (const name of members.keys()) leave(me, name, members);
    me.socket.end();
  }
  if (command === undefined || room === undefined) return;
  const name = String(command.r);
  if (command._ct === "join_room" && !room.has(me)) {
    room.add(me);
    const present = Array.from(room, (member) => member.name);
    me.socket.write(line({ _et: "user_joined_room", r: name, us: present }));
    tell(room, { _et: "room_participation", r: name, u: me.name, s: "joined" });
  } else if (command._ct === "leave_room") {
    leave(me, name, members);
  } else if (command._ct === "send_message" && typeof command.c === "string" && room.has(me)) {
    tell(room, { _et: "user_message", r: name, u: me.name, c: command.c });
  }
}

function leave(me: Member, name: string, members: ReadonlyMap<string, Set<Member>>): void {
  const room = members.get(name);
  if (room?.has(me) !== true) return;
  // A leaver hears their own `left` as the last of that room.
  tell(room, { _et: "room_participation", r: name, u: me.name, s: "left" });
  room.delete(me);
}

function tell(room: ReadonlySet<Member>, event: object): void {
  const text = line(event);
  for (const member of room) if (member.socket.writable) member.socket.write(text);
}

function line(event: object): string {
  return `${JSON.stringify(event)}\r\n`;
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
