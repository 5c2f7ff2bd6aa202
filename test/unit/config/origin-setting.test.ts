/** The origins of the server, for commands that tell people where it is. */
import { describe, expect, it } from "vitest";
import { originSetting } from "../../../src/server/config/origin-setting.ts";
import { StartError } from "../../../src/server/start-error.ts";
import { sourcesOf } from "../../support/config-sources.ts";

const originsOf = (flags: Record<string, string>, env: Record<string, string> = {}, file?: string): readonly string[] =>
  originSetting(sourcesOf({ flags, env, file }));

describe("the origins of the server", () => {
  it("are those of flag, environment and file, whatever else is wrong there", () => {
    const env = { VERBATIM_ORIGIN: "https://b.example", VERBATIM_AUTH: "nonsense" };
    expect(originsOf({ origin: "https://a.example/" }, env)).toEqual(["https://a.example"]);
    expect(originsOf({}, env, "origin: https://c.example\n")).toEqual(["https://b.example"]);
    expect(originsOf({}, {}, "origin: [https://c.example, https://d.example]\n")).toEqual([
      "https://c.example",
      "https://d.example",
    ]);
  });

  it("are none where nobody said", () => {
    expect(originsOf({})).toEqual([]);
    expect(originsOf({ origin: "off" })).toEqual([]);
  });

  it("are refused where they are written wrong, by the name of who said so", () => {
    expect(() => originsOf({}, { VERBATIM_ORIGIN: "chat.example.org" })).toThrow(StartError);
    expect(() => originsOf({}, { VERBATIM_ORIGIN: "chat.example.org" })).toThrow(/^VERBATIM_ORIGIN: must be/);
    expect(() => originsOf({}, { VERBATIM_ORIGINS: "https://a.example" })).toThrow(/no such setting/);
  });
});
