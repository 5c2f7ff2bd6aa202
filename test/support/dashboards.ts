/**
 * Test support: the dashboards that are shipped, as files and as a list of all that they ask Prometheus.
 */
import { projectFiles, readProjectFile } from "./project-files.ts";

/** The part of a dashboard that tests look at. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** One panel. */
export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly type: string;
  readonly datasource: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: { readonly uid: string };
  }[];
}

/** A question of a panel. */
export interface PanelQuery {
  readonly dashboard: string;
  readonly panel: string;
  readonly legend: string;
  /** PromQL, with Grafana's `$__rate_interval` in it. */
  readonly expr: string;
}

const FOLDER = "deploy/grafana/dashboards/";

/** All that are shipped. */
export function readDashboards(): readonly Dashboard[] {
  const paths = projectFiles().filter((path) => path.startsWith(FOLDER) && path.endsWith(".json"));
  return paths.map((path) => JSON.parse(readProjectFile(path)) as Dashboard);
}

/** All that they ask. */
export function panelQueries(dashboards: readonly Dashboard[]): readonly PanelQuery[] {
  return dashboards.flatMap(({ uid, panels }) =>
    panels.flatMap(({ title, targets }) =>
      targets.map(({ expr, legendFormat }) => ({ dashboard: uid, panel: title, legend: legendFormat, expr })),
    ),
  );
}

/** A question as Grafana would send it, which puts a span of some scrapes in the place of its own word for that. */
export function asked(expr: string, rateSeconds: number): string {
  return expr.replaceAll("$__rate_interval", `${rateSeconds}s`);
}
