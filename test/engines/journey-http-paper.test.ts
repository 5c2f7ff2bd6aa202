/** docs/http.md, on two nodes over real engines. */
import { httpPaper } from "../journey/http-paper.ts";
import { twoNodes } from "../support/journey-cluster.ts";

httpPaper(twoNodes());
