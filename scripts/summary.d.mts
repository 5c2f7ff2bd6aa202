/**
 * The types of summary.mjs, for its test.
 */
import type { TestModule } from "vitest/node";

/** What a test run came to. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

export function summarize(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Summary;
