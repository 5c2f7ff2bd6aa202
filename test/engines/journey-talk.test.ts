/** Two people who talk over TCP, each at a node of their own, over real engines. */
import { talk } from "../journey/talk.ts";
import { twoNodes } from "../support/journey-cluster.ts";

talk(twoNodes());
