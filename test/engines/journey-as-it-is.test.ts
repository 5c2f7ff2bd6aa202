/** The older server's calls, against two nodes over real engines. */
import { asItIs } from "../journey/as-it-is.ts";
import { twoNodes } from "../support/journey-cluster.ts";

asItIs(twoNodes());
