/**
 * One process owns a data folder: a second is refused, and the folder is free the moment its owner dies. Needs `dist/`.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectChat } from "../support/chat-client.ts";
import { sized } from "../support/faults-run.ts";
import { type FaultsFolder, faultsFolder } from "../support/faults-server.ts";
import { runVerbatim } from "../support/spawned-server.ts";

let folder: FaultsFolder;

beforeEach(async () => {
  folder = await faultsFolder();
});

afterEach(async () => {
  await folder.remove();
});

const serve = (data: string) => runVerbatim(["serve", "--data", data, "--tcp", "127.0.0.1:0", "--http", "off"]);

describe("a data folder that a server has", () => {
  it("STOP-1 LOG-3 is refused to a second server, which disturbs nothing", async () => {
    const server = await folder.start();
    const client = await connectChat(server.tcpPort);
    await client.hello(undefined);
    await client.join("general");
    for (let attempt = 0; attempt < sized(1, 3); attempt++) {
      const { code, stdout, stderr } = await serve(folder.data);
      expect(code).toBe(1);
      expect(stdout).not.toContain("listening");
      expect(stderr).toMatch(/^verbatim: [^\n]+\n$/);
      expect(stderr).toContain(folder.data);
      expect(stderr).toMatch(/another|in use/);
      expect((await client.say("general", "still here", `key ${attempt}`))._et).toBe("ack");
    }
    const repair = await runVerbatim(["repair", folder.data]);
    expect(repair).toMatchObject({ code: 1 });
    expect(await runVerbatim(["check", folder.data])).toMatchObject({ code: 0 });
    client.drop();
  });

  it("STOP-1 LOG-1 opens at once after kill -9", async () => {
    for (let round = 0; round < sized(2, 5); round++) {
      const server = await folder.start();
      const client = await connectChat(server.tcpPort);
      await client.hello(undefined);
      const before = await client.joinAfter("general", 0);
      expect(before.map(({ text }) => text)).toEqual(Array.from({ length: round }, (_, index) => `round ${index}`));
      expect((await client.say("general", `round ${round}`, `key ${round}`))._et).toBe("ack");
      await server.kill("SIGKILL");
    }
  });
});
