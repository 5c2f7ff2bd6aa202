/** Two people who talk over TCP, on one server over a data folder. */
import { ONE_SERVER } from "../support/journey-place.ts";
import { talk } from "./talk.ts";

talk(ONE_SERVER);
