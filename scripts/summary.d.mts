/**
 * The types of summary.mjs, for its test.
 */
import type { TestModule } from "vitest/node";

/** What a test run came to. */
export interface Summary {
  readonly passed: number;
  readonly failed: readonly Reasoned[];
  readonly skipped: readonly Reasoned[];
}

/** A test, or what else can fail, and why: on one line. */
export interface Reasoned {
  readonly name: string;
  readonly reason: string;
}

export function summarize(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Summary;
