/**
 * Configuration, beside all stages: the effective configuration as YAML that `--config` takes back, each line with
 * where its value came from. Pure.
 */
import type { Scalar } from "yaml";
import { Document } from "yaml";
import type { LoadedConfig } from "./make-config.ts";
import { listSettings } from "./settings.ts";
import { showListen } from "./values.ts";

/** Writes the configuration as YAML. */
export function printConfig({ config, origins }: LoadedConfig): string {
  const { data, rooms, tcp, http, openAnyway, retention, logKeepBytes, logLevel, logFormat, limits } = config;
  const values: Record<string, unknown> = {
    data,
    rooms,
    tcp: showListen(tcp),
    http: http === undefined ? "off" : showListen(http),
    openAnyway,
    "retain.messages": retention.messages ?? "off",
    "retain.days": retention.days ?? "off",
    logKeepBytes,
    logLevel,
    logFormat,
  };
  for (const [name, value] of Object.entries(limits)) values[`limits.${name}`] = value;
  const document = new Document({});
  for (const { key } of listSettings()) {
    const node: Scalar = document.createNode(values[key]) as Scalar;
    node.comment = ` ${origins.get(key)?.name ?? "default"}`;
    document.setIn(key.split("."), node);
  }
  return document.toString({ lineWidth: 0 });
}
