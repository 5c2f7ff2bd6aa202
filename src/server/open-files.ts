/**
 * How many files and sockets the process may have open: each session takes one. Node raises the soft limit to the
 * hard one at its own start, so there is only something to read. Touches the process's own report.
 */

/** What is kept back from sessions: log segments, store, listeners, standard streams, and whoever looks in. */
const KEPT_BACK = 512;

/** The limit on open files, or `undefined` where the machine has none or does not say. */
export function openFilesLimit(): number | undefined {
  const report: unknown = process.report.getReport();
  const limits = field(report, "userLimits");
  const soft = field(field(limits, "open_files"), "soft");
  const value = typeof soft === "number" ? soft : typeof soft === "string" ? Number(soft) : Number.NaN;
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** How many sessions there may be: what is configured, or less where the machine allows less. */
export function sessionsAllowed(configured: number, openFiles: number | undefined): number {
  if (openFiles === undefined) return configured;
  return Math.max(1, Math.min(configured, openFiles - KEPT_BACK));
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
