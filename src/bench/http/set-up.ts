/**
 * Load tool, the people and chats of an HTTP load, made by the calls that every server of the wire has: create users,
 * log in, create chats with all their members.
 */
import { SharedReadBuffer } from "../bench-socket.ts";
import { HttpConnection } from "./http-connection.ts";
import { type HttpAddress, requestText } from "./requests.ts";

/** Who and what there is once the set-up is done. */
export interface World {
  /** Ids of the users. */
  readonly users: readonly string[];
  /** The cookie of each user that posts. */
  readonly cookies: readonly string[];
  /** Ids of the chats; user `i` is a member of chat `i` modulo their number. */
  readonly chats: readonly string[];
}

/** What is to be set up. */
export interface WorldPlan {
  readonly users: number;
  /** The first so many log in. */
  readonly posting: number;
  readonly chats: number;
}

/** Requests that are under way at once. */
const AT_ONCE = 16;

/** How long one request of the set-up may take. */
const ANSWER_WITHIN_MS = 60_000;

/** An answer of the set-up. */
interface Reply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Makes users named after the run, and their chats. Throws with the server's answer where it is not as the wire says. */
export async function setUp(
  address: HttpAddress,
  run: string,
  plan: WorldPlan,
  told: (line: string) => void,
): Promise<World> {
  const shared = new SharedReadBuffer();
  const asks = Array.from({ length: AT_ONCE }, () => new Asking(address, shared));
  try {
    const users = await inParallel(asks, plan.users, told, async (asking, index) => {
      const reply = await asking.ask("POST", "/users", undefined, `username=bench-${run}-${index}`);
      return idOf(expectStatus(reply, 201, "POST /users"), "user_id");
    });
    const cookies = await inParallel(asks, plan.posting, told, async (asking, index) => {
      const reply = await asking.ask("POST", "/login", undefined, `username=bench-${run}-${index}`);
      const cookie = /^set-cookie:\s*(user_id=[^;\s]+)/im.exec(expectStatus(reply, 303, "POST /login").head)?.[1];
      if (cookie === undefined) throw new Error("POST /login gave no cookie user_id: is the server in open mode?");
      return cookie;
    });
    const chats = await inParallel(asks, plan.chats, told, async (asking, index) => {
      const members = users.filter((_, user) => user % plan.chats === index).map((id) => `&members=${id}`);
      const reply = await asking.ask("POST", "/chats", undefined, `name=bench-${run}-${index}${members.join("")}`);
      return idOf(expectStatus(reply, 201, "POST /chats"), "chat_id");
    });
    return { users, cookies, chats };
  } finally {
    for (const asking of asks) asking.close();
  }
}

/** A connection whose answers are waited for one by one. */
class Asking {
  readonly #address: HttpAddress;
  readonly #connection: HttpConnection;
  #settle: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined = undefined;

  constructor(address: HttpAddress, shared: SharedReadBuffer) {
    this.#address = address;
    const where = `${address.host}:${address.port}`;
    this.#connection = new HttpConnection(address.host, address.port, shared, {
      answered: ({ status, bytes, headFrom, headTo, bodyFrom, bodyTo }) => {
        const head = bytes.toString("latin1", headFrom, headTo);
        this.#settle?.resolve({ status, head, body: bytes.toString("utf8", bodyFrom, bodyTo) });
      },
      failed: (reason) => this.#settle?.reject(new Error(`${where} can't be reached: ${reason}`)),
    });
  }

  ask(method: string, path: string, cookie: string | undefined, form: string | undefined): Promise<Reply> {
    return new Promise<Reply>((resolve, reject) => {
      const late = (): void => reject(new Error(`${method} ${path} was not answered in ${ANSWER_WITHIN_MS} ms`));
      const timer = setTimeout(late, ANSWER_WITHIN_MS);
      this.#settle = {
        resolve: (reply) => {
          clearTimeout(timer);
          resolve(reply);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.#connection.send(requestText(this.#address, method, path, { cookie, form }));
    });
  }

  close(): void {
    this.#connection.close();
  }
}

/** Does `count` things over all connections; results in order. */
async function inParallel<T>(
  asks: readonly Asking[],
  count: number,
  told: (line: string) => void,
  act: (asking: Asking, index: number) => Promise<T>,
): Promise<readonly T[]> {
  const results = new Array<T>(count);
  let next = 0;
  await Promise.all(
    asks.map(async (asking) => {
      while (next < count) {
        const index = next++;
        results[index] = await act(asking, index);
        if (index % 1000 === 999) told(`set-up: ${index + 1} of ${count}`);
      }
    }),
  );
  return results;
}

function expectStatus(reply: Reply, status: number, what: string): Reply {
  if (reply.status === status) return reply;
  throw new Error(`${what} was answered with ${reply.status}, not ${status}: ${reply.body.slice(0, 300)}`);
}

function idOf({ body }: Reply, field: string): string {
  const id: unknown = (JSON.parse(body) as Readonly<Record<string, unknown>>)[field];
  if (typeof id !== "string") throw new Error(`There is no ${field} in ${body.slice(0, 300)}`);
  return id;
}
