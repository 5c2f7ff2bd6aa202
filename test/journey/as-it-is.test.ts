/** The older server's calls, against one server over a data folder. */
import { ONE_SERVER } from "../support/journey-place.ts";
import { asItIs } from "./as-it-is.ts";

asItIs(ONE_SERVER);
