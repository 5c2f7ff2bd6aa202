/**
 * Pages of messages over HTTP: as long as is asked and no longer than they may be, on by `Link` until there is no more, and
 * no number that is none.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HttpPerson } from "../support/http-people.ts";
import { type HttpServer, startHttpServer } from "../support/http-server.ts";

describe("pages of messages", () => {
  let server: HttpServer;
  let alice: HttpPerson;
  let chat: string;
  let seqs: readonly number[];

  beforeAll(async () => {
    server = await startHttpServer({ limits: { historyPageMax: 20, historyPageDefault: 5 } });
    alice = await HttpPerson.open(server.port, "alice");
    chat = await alice.chat("pages");
    const posted: number[] = [];
    for (let i = 1; i <= 25; i++) posted.push((await alice.post(chat, `${i}`)).seq);
    seqs = posted;
  });

  afterAll(() => server.stop());

  const page = async (query: string) => {
    const { headers, json } = await alice.ask(`/chats/${chat}/messages${query}`);
    return { contents: json<{ content: string }[]>().map(({ content }) => Number(content)), link: headers["link"] };
  };
  const down = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, index) => from - index);
  const seqOf = (content: number) => seqs[content - 1];

  it("HTTP-4 are as long as they may be where nothing is asked, and short where something is", async () => {
    expect((await page("")).contents).toEqual(down(25, 6));
    expect((await page(`?before=${seqOf(20)}`)).contents).toEqual(down(19, 15));
    expect((await page(`?after=${seqOf(3)}`)).contents).toEqual(down(8, 4));
    expect((await page("?limit=3")).contents).toEqual([25, 24, 23]);
  });

  it("HTTP-4 are cut to the most there may be", async () => {
    for (const limit of ["21", "1000000", "1e9", "99999999999999999999999"]) {
      expect((await page(`?limit=${limit}`)).contents).toEqual(down(25, 6));
    }
  });

  it.each(["", "?limit=4", "?after=0&limit=4"])("lead on by Link until there is no more: %s", async (query) => {
    const all: number[] = [];
    let path: string | undefined = `/chats/${chat}/messages${query}`;
    while (path !== undefined) {
      const { headers, json } = await alice.ask(path);
      const contents = json<{ content: string }[]>().map(({ content }) => Number(content));
      all.push(...(query.includes("after") ? contents.toReversed() : contents));
      path = /^<([^>]+)>; rel="next"$/.exec(String(headers["link"]))?.[1];
    }
    expect(all.filter((content) => content > 0)).toEqual(
      query.includes("after") ? down(25, 1).toReversed() : down(25, 1),
    );
  });

  it.each([
    "before=-1",
    "after=-1",
    "before=9007199254740993",
    "after=9007199254740993",
    "before=0",
    "after=x",
    "before=1.5",
    "before=",
    "limit=",
    "limit=0",
    "limit=-1",
    "limit=ten",
    "limit=0x10",
    "limit=NaN",
    "before=5&after=5",
    "before=5&before=6",
    "limit=1&limit=2",
    "limit=%ff",
  ])("refuse %s", async (query) => {
    const { status, json } = await alice.ask(`/chats/${chat}/messages?${query}`);
    expect([status, json()["code"]]).toEqual([400, "bad_field"]);
  });

  it("pass over what they don't know", async () => {
    expect((await page("?limit=2&order=up&__proto__=1")).contents).toEqual([25, 24]);
  });
});
