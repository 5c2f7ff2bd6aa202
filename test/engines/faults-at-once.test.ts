/**
 * Two nodes asked at the same moment: what one has just answered is true on the other. Needs `dist/`.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { atOnce } from "../../src/server/at-once.ts";
import { type Cluster, makeCluster, type Node } from "../support/engines-cluster.ts";
import { sized } from "../support/faults-run.ts";
import { ask } from "../support/http-client.ts";
import { HttpPerson } from "../support/http-people.ts";
import { WebSocketLink } from "../support/load-link.ts";
import { until } from "../support/until.ts";

const CHATS = sized(1_000, 20_000);
const ADDED = sized(100, 1_000);
const NAMES = sized(50, 1_000);
const AT_ONCE = 8;
/** Nobody may be in more. */
const CHATS_A_PERSON = 1_000;
/** How long anything may take, on a machine that is busy with others. */
const WITHIN_MS = 60_000;

let cluster: Cluster;
let one: Node;
let other: Node;

beforeAll(async () => {
  cluster = await makeCluster();
  one = await cluster.start();
  other = await cluster.start();
}, 240_000);

afterAll(async () => {
  await cluster.remove();
});

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const port = ({ httpPort = 0 }: Node): number => httpPort;

describe("two nodes at the same moment", () => {
  it(`CMD-4 a chat that was made on one can be posted to on the other at once, ${CHATS} times`, {
    timeout: sized(300_000, 1_800_000),
  }, async () => {
    const pairs: Promise<readonly [HttpPerson, HttpPerson]>[] = numbers(Math.ceil(CHATS / CHATS_A_PERSON)).map((pair) =>
      Promise.all([HttpPerson.open(port(one), `owner ${pair}`), HttpPerson.open(port(other), `member ${pair}`)]),
    );
    const statuses = new Map<string, number>();
    await atOnce(AT_ONCE, numbers(CHATS), async (number) => {
      const [owner, member] = (await pairs[Math.floor(number / CHATS_A_PERSON)]) as readonly [HttpPerson, HttpPerson];
      const chat = await owner.chat(`chat ${number}`, member);
      const poster = number % 2 === 0 ? owner : member;
      const said = await poster
        .at(port(other))
        .post(chat, "at once")
        .then(() => "200", String);
      statuses.set(said, (statuses.get(said) ?? 0) + 1);
    });
    expect(Object.fromEntries(statuses)).toEqual({ "200": CHATS });
  });

  it(`FAN-1 PROJ-6 who is added to a chat of one node hears its first message on the other, ${ADDED} times`, {
    timeout: sized(180_000, 900_000),
  }, async () => {
    const owner = await HttpPerson.open(port(one), "host");
    const guest = await HttpPerson.open(port(one), "guest");
    const heard = new Map<string, string[]>();
    let isOpen = false;
    const ear = new WebSocketLink(
      port(other),
      `/ws/connect/${guest.id}`,
      undefined,
      ({ _et, r = "", c = "" }) => {
        if (_et === "user_message") heard.set(r, [...(heard.get(r) ?? []), c]);
      },
      () => {
        isOpen = true;
      },
    );
    try {
      await until(
        WITHIN_MS,
        () => "the ear to be open",
        () => isOpen || undefined,
      );
      const chats: string[] = [];
      await atOnce(AT_ONCE, numbers(ADDED), async (number) => {
        const chat = await owner.chat(`added ${number}`, guest);
        chats.push(chat);
        await owner.post(chat, "first");
        await owner.post(chat, "second");
      });
      await until(
        WITHIN_MS,
        () => `all chats to be heard of; ${heard.size} of ${ADDED} were`,
        () => chats.every((chat) => (heard.get(chat)?.length ?? 0) >= 2) || undefined,
      );
      for (const chat of chats) expect(heard.get(chat)).toEqual(["first", "second"]);
    } finally {
      ear.drop();
    }
  });

  it(`one name that is asked for on both is given to one, ${NAMES} times`, { timeout: 180_000 }, async () => {
    const made: string[] = [];
    for (const number of numbers(NAMES)) {
      const answers = await Promise.all(
        [one, other].map((node) => ask(port(node), "/users", { form: { username: `twin ${number}` } })),
      );
      expect(answers.map(({ status }) => status).sort(), answers.map(({ body }) => body).join(" ")).toEqual([201, 409]);
      made.push(
        ...answers.filter(({ status }) => status === 201).map((answer) => answer.json<{ user_id: string }>().user_id),
      );
    }
    expect(new Set(made).size).toBe(NAMES);
  });
});
