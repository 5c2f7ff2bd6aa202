/**
 * Stage 1, the web client: hands out its files, compressed where a browser takes that. Whoever may ask anything of this
 * server may have them: they are the same for everybody.
 */
import type { FastifyInstance } from "fastify";
import type { WebAsset, WebClient } from "./web-assets.ts";

/** A year, in seconds: the path of a file changes with what it holds. */
const ASSET_SECONDS = 365 * 24 * 60 * 60;

/** Adds a route for each file. */
export function addWebClient(server: FastifyInstance, client: WebClient): void {
  for (const asset of client.assets) {
    server.get(asset.path, async (request, reply) => {
      const { body, encoding } = encoded(asset, request.headers["accept-encoding"]);
      if (encoding !== undefined) reply.header("content-encoding", encoding);
      return reply
        .header("cache-control", `public, max-age=${ASSET_SECONDS}, immutable`)
        .header("vary", "accept-encoding")
        .header("x-content-type-options", "nosniff")
        .header("cross-origin-resource-policy", "same-origin")
        .type(asset.type)
        .send(body);
    });
  }
}

/** A file as it is best sent to somebody who takes these encodings. */
function encoded(
  { plain, brotli, gzip }: WebAsset,
  accepted: string | string[] | undefined,
): { readonly body: Buffer; readonly encoding: "br" | "gzip" | undefined } {
  const taken = encodingsIn(String(accepted ?? ""));
  if (brotli !== undefined && taken.has("br")) return { body: brotli, encoding: "br" };
  if (gzip !== undefined && taken.has("gzip")) return { body: gzip, encoding: "gzip" };
  return { body: plain, encoding: undefined };
}

/** `gzip, br;q=0.5, zstd;q=0` → `gzip` and `br`. */
function encodingsIn(header: string): ReadonlySet<string> {
  const taken = new Set<string>();
  for (const part of header.toLowerCase().split(",")) {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim());
    if (!parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) taken.add(name);
  }
  return taken;
}
