/**
 * Stage 1, the HTTP door: health, readiness, metrics and documentation on an address of their own, for whoever can reach
 * it: there nobody has to say who they are.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Limits } from "../../../protocol/limits.ts";
import type { Listen } from "../../config/config.ts";
import { writeFailure } from "./answers.ts";
import { createApp } from "./app.ts";
import { notedCalls } from "./calls.ts";
import { addDocs } from "./docs.ts";
import { Gate } from "./gate.ts";
import { createNodeServer, listenOn } from "./node-server.ts";
import { openApi } from "./openapi.ts";
import { addOperations, type OperationsDoor } from "./operations.ts";
import { Origins } from "./origins.ts";

/** Connections at once: whoever asks here is a machine or two. */
const CONNECTIONS_MAX = 64;

/** What it needs. */
export interface OperationsServerOptions {
  readonly listen: Listen;
  /** Origins whose hosts are names of this server. */
  readonly origins: readonly string[];
  readonly limits: Pick<Limits, "bodyBytesMax">;
  readonly door: OperationsDoor;
}

/** The open door. */
export interface OperationsServer {
  /** Where it listens, with the real port. */
  readonly listen: Listen;
  close(): Promise<void>;
}

/**
 * Opens it.
 * @throws StartError where the address can't be listened on; it names the flag to change.
 */
export async function openOperationsServer(options: OperationsServerOptions): Promise<OperationsServer> {
  const { listen, door, limits } = options;
  const { telemetry } = door;
  // As in open mode: every request must come from a page of this address, or from no page.
  const gate = new Gate(new Origins({ mode: "open", listenHost: listen.host, origins: options.origins }));
  const app = createApp(
    { limits, telemetry },
    (handle) => {
      const take = (request: IncomingMessage, response: ServerResponse): void => {
        const refusal = gate.refusal(request);
        if (refusal === undefined) handle(request, response);
        else writeFailure(response, refusal, telemetry);
      };
      return createNodeServer(take, undefined, CONNECTIONS_MAX);
    },
    [],
  );
  const everybody = async (): Promise<void> => undefined;
  addOperations(app, door, everybody, async () => true);
  addDocs(app, openApi(notedCalls()), everybody, telemetry);
  await app.ready();
  const { server } = app;
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await app.close();
  };
  try {
    return { listen: await listenOn(server, "ops", listen), close };
  } catch (error) {
    await close();
    throw error;
  }
}
