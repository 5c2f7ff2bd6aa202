/** The commands of an operator, on a cluster of two nodes over real engines. */
import { people } from "../journey/people.ts";
import { twoNodes } from "../support/journey-cluster.ts";

people(twoNodes());
