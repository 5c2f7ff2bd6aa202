/**
 * docs/http.md says what the code does: its calls are those of the table of calls, both ways, with their fields, answers
 * and errors; its shapes, codes and metrics are those that there are; and each line of `curl` asks for a call.
 */
import { fastify } from "fastify";
import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ERROR_CODES, type ErrorName } from "../../../src/protocol/error-codes.ts";
import { calls, notedCalls } from "../../../src/server/gateways/http/calls.ts";
import { type NotedCall, openApi } from "../../../src/server/gateways/http/openapi.ts";
import { problem } from "../../../src/server/gateways/http/problem.ts";
import * as shapes from "../../../src/server/gateways/http/shapes.ts";
import type { PagesDoor } from "../../../src/server/gateways/pages/door.ts";
import { registerPages } from "../../../src/server/gateways/pages/pages.ts";
import { noCounts } from "../../../src/server/telemetry/counts.ts";
import { registerMetrics } from "../../../src/server/telemetry/metrics.ts";
import { curlLines, rowsUnder } from "../../support/papers.ts";
import { readProjectFile } from "../../support/project-files.ts";

const paper = readProjectFile("docs/http.md");
const rowsIn = (heading: string) => rowsUnder(paper, heading);

/** Headings of the tables of calls → the group that each has. */
const GROUPS: Readonly<Record<string, NotedCall["note"]["group"]>> = {
  People: "people",
  Chats: "chats",
  Messages: "messages",
  "Public rooms": "public rooms",
  Tokens: "tokens",
  Operations: "operations",
};

/** The shapes as the paper calls them. */
const SHAPES: Readonly<Record<string, z.ZodObject>> = {
  user: shapes.userShape,
  me: shapes.meShape,
  chat: shapes.chatShape,
  summary: shapes.summaryShape,
  message: shapes.messageShape,
  posted: shapes.postedShape,
  marker: shapes.markerShape,
  room: shapes.roomShape,
  ban: shapes.banShape,
  token: shapes.tokenShape,
  "new token": shapes.newTokenShape,
};

const inBraces = (path: string): string => path.replace(/:(\w+)/g, "{$1}");
const codesIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);

/** The rows of the tables of calls. */
const rows = Object.entries(GROUPS).flatMap(([heading, group]) =>
  rowsIn(heading).map(([call = "", fields = "", answer = "", errors = ""]) => ({
    ...{ group, call: codesIn(call)[0] ?? "", fields, answer, errors: codesIn(errors) },
  })),
);

/** The fields of a call as the paper has to write them. */
function fieldsOf({ note: { body, query, headers } }: NotedCall): string {
  const named = (shape: z.ZodObject): string =>
    Object.entries(shape.shape)
      .map(([name, type]) => (type instanceof z.ZodOptional ? `\`${name}\`?` : `\`${name}\``))
      .join(", ");
  const inQuery = query === undefined ? [] : [`in the query: ${named(query)}`];
  const inHeaders = headers.map(({ name }) => `header \`${name}\`?`);
  const parts = [...(body === undefined ? [] : [named(body)]), ...inQuery];
  return [parts.join("; "), ...inHeaders].filter((part) => part !== "").join(query === undefined ? ", " : "; ");
}

/** `200 list of *chat*` for each answer with a shape, the status alone for the others. */
function answersOf({ note: { answers, group } }: NotedCall): string[] {
  return answers.map(({ status, json }) => {
    if (json === undefined || group === "operations") return String(status);
    const isList = json instanceof z.ZodArray;
    const name = Object.entries(SHAPES).find(([, shape]) => shape === (isList ? json.element : json))?.[0];
    return `${status} ${isList ? "list of " : ""}*${name}*`;
  });
}

describe("docs/http.md", () => {
  it("lists the calls that there are, both ways", () => {
    const real = notedCalls().map(({ method, path, note }) => `${note.group}: ${method} ${inBraces(path)}`);
    expect(rows.map(({ group, call }) => `${group}: ${call}`).sort()).toEqual(real.sort());
    expect(calls.length).toBeGreaterThan(20);
  });

  it.each(notedCalls().map((call) => [`${call.method} ${inBraces(call.path)}`, call] as const))(
    "tells the fields, answers and errors of %s",
    (name, call) => {
      const row = rows.find((one) => one.call === name);
      expect(row?.fields).toBe(fieldsOf(call));
      expect(row?.answer.match(/\b[1-5]\d\d\b(?: (?:list of )?\*[\w ]+\*)?/g)?.sort()).toEqual(answersOf(call).sort());
      expect([...(row?.errors ?? [])].sort()).toEqual([...call.note.errors].sort());
    },
  );

  it("shows each shape as it is written", () => {
    const shown = rowsIn("Asking and answers").map(
      ([name = "", json = ""]) => [name.replaceAll("*", ""), json] as const,
    );
    expect(shown.map(([name]) => name)).toEqual(Object.keys(SHAPES));
    for (const [name, cell] of shown) {
      const value = JSON.parse(codesIn(cell)[0] ?? "") as object;
      const shape = SHAPES[name];
      expect(shape?.strict().safeParse(value).error, name).toBeUndefined();
      const keys = Object.keys(shape?.shape ?? {}).filter((key) => key in value || key !== "removed");
      expect(Object.keys(value), name).toEqual(keys);
    }
  });

  it("names only errors that there are, and those of any call as the documentation of the API has them", () => {
    const codes = Object.keys(ERROR_CODES);
    const any = rowsIn("Errors").flatMap(([cell = ""]) => codesIn(cell));
    const named = [...rows.flatMap(({ errors }) => errors), ...any];
    expect(named.filter((code) => !codes.includes(code))).toEqual([]);
    const { paths } = openApi([{ method: "POST", path: "/x", note: { ...postOfNothing } }]) as {
      paths: { "/x": { post: { responses: Record<string, { description: string }> } } };
    };
    const told = Object.values(paths["/x"].post.responses).flatMap(({ description }) =>
      [...description.matchAll(/`(\w+)`:/g)].map(([, code = ""]) => code),
    );
    expect(told.filter((code) => !any.includes(code))).toEqual([]);
    // Whatever is left stands in a row of a call, or belongs to the doors that are sessions.
    const elsewhere: readonly ErrorName[] = [
      ...([
        "unknown_command",
        "already_joined",
        "not_joined",
        "hello_too_late",
        "too_many_rooms",
        "line_too_long",
      ] as const),
      ...(["bad_frame", "not_a_browser", "sign_in_timeout", "signed_out", "slow"] as const),
    ];
    expect(codes.filter((code) => !named.includes(code)).sort()).toEqual([...elsewhere].sort());
  });

  it("shows a problem as it is written", () => {
    const shown = /^```json\n(.*)\n```$/m.exec(paper)?.[1] ?? "";
    expect(shown).toBe(JSON.stringify(problem("unknown_room", "there is no such room")));
  });

  it("lists the metrics whose names are fixed", () => {
    const registry = new Registry();
    registerMetrics(registry, noCounts());
    const fixed = registry.getMetricsAsArray().map(({ name }) => name);
    const listed = rowsIn("Metrics").flatMap(([cell = ""]) => codesIn(cell));
    expect(listed.sort()).toEqual(fixed.filter((name) => !name.startsWith("verbatim_")).sort());
  });

  it("lists the pages, and asks by curl for each call and page, and for nothing that there is not", async () => {
    const others = ["GET /openapi.json"];
    const app = fastify();
    app.addHook("onRoute", ({ method, url }) => void others.push(`${String(method)} ${inBraces(url)}`));
    registerPages(app, {} as PagesDoor);
    await app.ready();
    await app.close();
    const pages = rowsIn("Pages").flatMap(([cell = ""]) => codesIn(cell));
    expect(pages).toEqual(["GET /", "GET /dashboard", "GET /ui/chats/{chat_id}"]);
    const nameless = (call: string): string => call.replace(/\{\w+\}/g, "{}");
    expect(pages.filter((page) => !others.map(nameless).includes(nameless(page)))).toEqual([]);

    const asked = curlLines(paper).map(({ method, path }) => `${method} ${path}`);
    const isOf = (call: string, one: string): boolean => new RegExp(`^${call.replace(/\{\w+\}/g, "[^/]+")}$`).test(one);
    const documented = [...rows.map(({ call }) => call), ...pages];
    expect(asked.filter((one) => ![...documented, ...others].some((call) => isOf(call, one)))).toEqual([]);
    // And for everything that there is; a WebSocket is no matter of curl.
    const missing = documented.filter((call) => !asked.some((one) => isOf(call, one)));
    expect(missing).toEqual(["GET /ws", "GET /ws/connect/{user_id}"]);
  });
});

/** A call with nothing but a body. */
const postOfNothing: NotedCall["note"] = {
  summary: "",
  group: "operations",
  query: undefined,
  body: z.object({ x: z.string() }),
  headers: [],
  answers: [],
  errors: [],
  isOpenToAll: false,
};
