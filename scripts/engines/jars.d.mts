/**
 * The types of jars.mjs.
 */
export function missingForEngines(): Promise<string | undefined>;
export function fetchAllJars(signal?: AbortSignal): Promise<void>;
