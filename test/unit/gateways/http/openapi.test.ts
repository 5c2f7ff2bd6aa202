/** The OpenAPI document: whole, made from what is served, and valid where a reader would stumble. */
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../../../src/protocol/error-codes.ts";
import { calls, notedCalls } from "../../../../src/server/gateways/http/calls.ts";
import { openApi } from "../../../../src/server/gateways/http/openapi.ts";

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}

const document = openApi(notedCalls()) as {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: object };
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

describe("the OpenAPI document", () => {
  it("is version 3.1 and tells of every call, each once", () => {
    expect(document.openapi).toBe("3.1.0");
    for (const { method, path } of calls) {
      expect(
        document.paths[path.replace(/:(\w+)/g, "{$1}")]?.[method.toLowerCase()],
        `${method} ${path}`,
      ).toBeDefined();
    }
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain("post_chats_chat_id_messages");
  });

  it("has a parameter for each part of a path that changes, and no other", () => {
    for (const { path, operation } of operations) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const there = (operation.parameters ?? []).filter((parameter) => parameter.in === "path");
      expect([path, there.map(({ name }) => name)]).toEqual([path, wanted]);
      expect(there.every(({ required }) => required)).toBe(true);
    }
  });

  it("says of each call what can go wrong, by codes that there are", () => {
    for (const { path, method, operation } of operations) {
      const told = Object.entries(operation.responses).flatMap(([status, { description }]) =>
        [...description.matchAll(/^`(\w+)`: /gm)].map(([, code = ""]) => ({ status, code })),
      );
      expect(told.length, `${method} ${path}`).toBeGreaterThan(0);
      for (const { status, code } of told) {
        expect([code, String(ERROR_CODES[code as keyof typeof ERROR_CODES].status)]).toEqual([code, status]);
      }
    }
  });

  it("refers to nothing that is not there, and repeats no pattern of a format", () => {
    const text = JSON.stringify(document);
    const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference));
    expect([...references]).toEqual(["#/components/schemas/Problem"]);
    expect(document.components.schemas).toHaveProperty("Problem");
    expect(text).not.toContain('"pattern"');
    expect(text).not.toContain('"$schema"');
  });
});
