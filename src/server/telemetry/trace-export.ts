/**
 * Telemetry, beside all stages: sends the way of messages to a trace viewer, over OTLP. What it takes are optional
 * packages, loaded only where a viewer is configured; a viewer that is down costs the traces and nothing else.
 */
import { StartError } from "../start-error.ts";
import type { MessageTrace } from "./message-traces.ts";

/** Where traces go, and whose they are. */
export interface TraceExportOptions {
  /** The address that takes OTLP over HTTP, its path included: `http://127.0.0.1:4318/v1/traces`. */
  readonly url: string;
  /** This node's name. */
  readonly node: string;
}

/** An open way to a trace viewer. */
export interface TraceExport {
  /** Sends one message's way. Never throws and never waits. */
  send(trace: MessageTrace): void;
  /** Sends what waits, and lets go. Never rejects. */
  close(): Promise<void>;
}

const EXPORT_WITHIN_MS = 2000;

/** Opens the way to a viewer. Throws a `StartError` where the packages are not installed. */
export async function openTraceExport({ url, node }: TraceExportOptions): Promise<TraceExport> {
  const { api, sdk, resources, otlp } = await load();
  const provider = new sdk.BasicTracerProvider({
    resource: resources.resourceFromAttributes({
      "service.name": "verbatim",
      "service.instance.id": node,
    }),
    spanProcessors: [
      new sdk.BatchSpanProcessor(new otlp.OTLPTraceExporter({ url, timeoutMillis: EXPORT_WITHIN_MS }), {
        exportTimeoutMillis: EXPORT_WITHIN_MS,
      }),
    ],
  });
  const tracer = provider.getTracer("verbatim");
  return {
    send({ taken, durable, delivered, stored, partition, position }) {
      const attributes = { "verbatim.partition": partition, "verbatim.position": position };
      const root = tracer.startSpan("message", { startTime: taken, attributes, root: true });
      const within = api.trace.setSpan(api.ROOT_CONTEXT, root);
      const stages: readonly [string, number, number | undefined][] = [
        ["log", taken, durable],
        ["fanout", durable, delivered],
        ["store", delivered, stored],
      ];
      for (const [name, from, to] of stages) {
        if (to !== undefined) tracer.startSpan(name, { startTime: from, attributes }, within).end(to);
      }
      root.end(stored ?? delivered);
    },
    async close() {
      await provider.shutdown().catch(() => undefined);
    },
  };
}

async function load() {
  try {
    const [api, sdk, resources, otlp] = await Promise.all([
      import("@opentelemetry/api"),
      import("@opentelemetry/sdk-trace-base"),
      import("@opentelemetry/resources"),
      import("@opentelemetry/exporter-trace-otlp-http"),
    ]);
    return { api, sdk, resources, otlp };
  } catch (error) {
    throw new StartError(
      "traces need packages that are not installed here; install without --omit=optional, or take the setting traces away",
      { cause: error },
    );
  }
}
