/** docs/http.md, on one server over a data folder. */
import { ONE_SERVER } from "../support/journey-place.ts";
import { httpPaper } from "./http-paper.ts";

httpPaper(ONE_SERVER);
