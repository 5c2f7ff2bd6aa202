/** The commands of an operator, on a data folder. */
import { ONE_SERVER } from "../support/journey-place.ts";
import { people } from "./people.ts";

people(ONE_SERVER);
