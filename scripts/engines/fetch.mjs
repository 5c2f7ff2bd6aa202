/**
 * Fetches the engines' jars where they are not there yet, so that CI says apart from the tests whether it could.
 */
import { fetchAllJars, missingForEngines } from "./jars.mjs";

const problem = (await missingForEngines()) ?? (await fetchAllJars().catch((error) => error.message));
if (problem !== undefined) console.error(problem);
process.exitCode = problem === undefined ? 0 : 1;
