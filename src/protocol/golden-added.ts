/**
 * The golden exchanges of what was added to the wire: `hello`, resuming, acknowledged messages, history, typing,
 * crowded rooms.
 */
import {
  ackOf,
  arrives,
  arrivesWithHello,
  drops,
  type GoldenExchange,
  type GoldenServer,
  type GoldenStep,
  type GoldenWho,
  greeting,
  hears,
  isClosed,
  joins,
  message,
  participation,
  sends,
  USUAL,
  whoIsThere,
} from "./golden-step.ts";

const exchange = (name: string, steps: readonly GoldenStep[], server: GoldenServer = USUAL): GoldenExchange => ({
  name,
  asItIs: false,
  server,
  steps,
});

const plain = (name: string, seq: number) => ({ name, seq, key: undefined });

/** The message `m<seq>` with the text "<seq>" of A. */
const numbered = (seq: number): string => message("rust", "A", `"${seq}"`, plain(`m${seq}`, seq));

/** A says "1", "2", … in a room where nobody else listens. */
const counts = (to: number): readonly GoldenStep[] =>
  Array.from({ length: to }, (_, index) => index + 1).flatMap((seq) => [
    sends("A", `{"_ct":"send_message","r":"rust","c":"${seq}"}`),
    hears("A", numbered(seq)),
  ]);

const leaves = (who: GoldenWho, room: string): readonly GoldenStep[] => [
  sends(who, `{"_ct":"leave_room","r":"${room}"}`),
  hears(who, participation(room, who, "left")),
];

const isAlone = (who: GoldenWho): readonly GoldenStep[] => [
  hears(who, whoIsThere("rust", [who])),
  hears(who, participation("rust", who, "joined")),
];

const goingAway = (who: GoldenWho): readonly GoldenStep[] => [
  hears(who, '{"_et":"error","code":"going_away","m":"the server is stopping; come back and resume"}'),
  isClosed(who),
];

const page = (who: GoldenWho, question: string, events: readonly string[], more: boolean): readonly GoldenStep[] => [
  sends(who, `{"_ct":"history","r":"rust"${question}}`),
  hears(who, `{"_et":"history","r":"rust","ms":[${events.join(",")}],"more":${more}}`),
];

/** The exchanges. */
export const ADDED: readonly GoldenExchange[] = [
  exchange("WIRE-11 hello is answered by a new greeting", [...arrivesWithHello("A"), ...joins("A", "rust", ["A"])]),

  exchange("WIRE-11 hello with a session makes one the same guest again, across a restart too", [
    ...arrivesWithHello("A"),
    ...joins("A", "rust", ["A"]),
    drops("A"),
    ...arrives("B"),
    sends("B", '{"_ct":"hello","v":1,"s":"‹A.session›"}'),
    hears("B", greeting("A")),
    { type: "restart" },
    ...goingAway("B"),
    ...arrives("C"),
    sends("C", '{"_ct":"hello","v":1,"s":"‹A.session›"}'),
    hears("C", greeting("A")),
    sends("C", '{"_ct":"join_room","r":"rust"}'),
    hears("C", whoIsThere("rust", ["A"])),
    hears("C", participation("rust", "A", "joined")),
  ]),

  exchange("WIRE-11 hello with a session that nobody is known by leaves one who one is", [
    ...arrives("A"),
    sends("A", '{"_ct":"hello","v":1,"s":"000000000000000000000"}'),
    hears("A", greeting("A")),
  ]),

  exchange("WIRE-12 join_room with after tells what came after it, then is live", [
    ...arrives("A"),
    ...arrives("B"),
    ...joins("A", "rust", ["A"]),
    ...counts(3),
    ...leaves("A", "rust"),
    sends("B", '{"_ct":"join_room","r":"rust","after":1}'),
    ...isAlone("B"),
    hears("B", numbered(2)),
    hears("B", numbered(3)),
    hears("B", '{"_et":"caught_up","r":"rust","q":3}'),
    sends("B", '{"_ct":"send_message","r":"rust","c":"live"}'),
    hears("B", message("rust", "B", '"live"', plain("live", 4))),
    ...leaves("B", "rust"),
    sends("B", '{"_ct":"join_room","r":"rust","after":4}'),
    ...isAlone("B"),
    hears("B", '{"_et":"caught_up","r":"rust","q":4}'),
  ]),

  exchange("WIRE-12 join_room with last tells the last so many, or all there are", [
    ...arrives("A"),
    ...joins("A", "rust", ["A"]),
    ...counts(3),
    ...leaves("A", "rust"),
    ...[
      { last: 1, from: 3 },
      { last: 0, from: 4 },
      { last: 100, from: 1 },
    ].flatMap(({ last, from }) => [
      sends("A", `{"_ct":"join_room","r":"rust","last":${last}}`),
      ...isAlone("A"),
      ...[1, 2, 3].filter((seq) => seq >= from).map((seq) => hears("A", numbered(seq))),
      hears("A", '{"_et":"caught_up","r":"rust","q":3}'),
      ...leaves("A", "rust"),
    ]),
    ...joins("A", "rust", ["A"]),
  ]),

  exchange(
    "WIRE-13 reset says where what is left begins",
    [
      ...arrives("A"),
      ...joins("A", "rust", ["A"]),
      ...counts(5),
      { type: "restart" },
      ...goingAway("A"),
      ...arrives("B"),
      sends("B", '{"_ct":"join_room","r":"rust","after":1}'),
      ...isAlone("B"),
      hears("B", '{"_et":"reset","r":"rust","oldest":4}'),
      hears("B", numbered(4)),
      hears("B", numbered(5)),
      hears("B", '{"_et":"caught_up","r":"rust","q":5}'),
    ],
    { ...USUAL, retainMessages: 2 },
  ),

  exchange("CMD-1 WIRE-14 a message with a key is acknowledged right before its event; a repeat is not said twice", [
    ...arrives("A"),
    ...arrives("B"),
    ...joins("A", "rust", ["A"]),
    ...joins("B", "rust", ["A", "B"]),
    hears("A", participation("rust", "B", "joined")),
    sends("A", '{"_ct":"send_message","r":"rust","c":"once","k":"key 1"}'),
    hears("A", ackOf("key 1", "once", 1)),
    hears("A", message("rust", "A", '"once"', { name: "once", seq: 1, key: "key 1" })),
    hears("B", message("rust", "A", '"once"', { name: "once", seq: 1, key: "key 1" })),
    sends("A", '{"_ct":"send_message","r":"rust","c":"once","k":"key 1"}'),
    hears("A", ackOf("key 1", "once", 1)),
    sends("A", '{"_ct":"send_message","r":"rust","c":"other","k":"key 1"}'),
    hears(
      "A",
      '{"_et":"error","code":"key_reused","m":"the key key 1 was used for other content","r":"rust","k":"key 1"}',
    ),
    sends("B", '{"_ct":"send_message","r":"rust","c":"once","k":"key 1"}'),
    hears("B", ackOf("key 1", "of B", 2)),
    hears("B", message("rust", "B", '"once"', { name: "of B", seq: 2, key: "key 1" })),
    hears("A", message("rust", "B", '"once"', { name: "of B", seq: 2, key: "key 1" })),
  ]),

  exchange("WIRE-14 a key is known again after a restart, to the guest who comes back", [
    ...arrives("A"),
    ...joins("A", "rust", ["A"]),
    sends("A", '{"_ct":"send_message","r":"rust","c":"once","k":"k"}'),
    hears("A", ackOf("k", "once", 1)),
    hears("A", message("rust", "A", '"once"', { name: "once", seq: 1, key: "k" })),
    { type: "restart" },
    ...goingAway("A"),
    ...arrives("B"),
    sends("B", '{"_ct":"hello","v":1,"s":"‹A.session›"}'),
    hears("B", greeting("A")),
    sends("B", '{"_ct":"join_room","r":"rust","after":0}'),
    hears("B", whoIsThere("rust", ["A"])),
    hears("B", participation("rust", "A", "joined")),
    hears("B", message("rust", "A", '"once"', { name: "once", seq: 1, key: "k" })),
    hears("B", '{"_et":"caught_up","r":"rust","q":1}'),
    sends("B", '{"_ct":"send_message","r":"rust","c":"once","k":"k"}'),
    hears("B", ackOf("k", "once", 1)),
  ]),

  exchange("WIRE-15 history gives pages, oldest first, and says whether there is more", [
    ...arrives("A"),
    ...page("A", "", [], false),
    ...joins("A", "rust", ["A"]),
    ...counts(5),
    ...page("A", "", [1, 2, 3, 4, 5].map(numbered), false),
    ...page("A", ',"limit":2', [4, 5].map(numbered), true),
    ...page("A", ',"before":4,"limit":2', [2, 3].map(numbered), true),
    ...page("A", ',"before":2', [numbered(1)], false),
    ...page("A", ',"before":1', [], false),
    ...page("A", ',"after":0,"limit":2', [1, 2].map(numbered), true),
    ...page("A", ',"after":3', [4, 5].map(numbered), false),
    ...page("A", ',"after":5', [], false),
  ]),

  exchange("WIRE-10 WIRE-16 typing is told to the others who said hello, once in a while", [
    ...arrivesWithHello("A"),
    ...arrivesWithHello("B"),
    ...arrives("C"),
    ...joins("A", "rust", ["A"]),
    ...joins("B", "rust", ["A", "B"]),
    hears("A", participation("rust", "B", "joined")),
    ...joins("C", "rust", ["A", "B", "C"]),
    hears("A", participation("rust", "C", "joined")),
    hears("B", participation("rust", "C", "joined")),
    sends("A", '{"_ct":"typing","r":"rust"}\n{"_ct":"typing","r":"rust"}'),
    hears("B", '{"_et":"typing","r":"rust","u":"‹A.name›"}'),
    sends("C", '{"_ct":"typing","r":"rust"}'),
    hears("A", '{"_et":"typing","r":"rust","u":"‹C.name›"}'),
    hears("B", '{"_et":"typing","r":"rust","u":"‹C.name›"}'),
  ]),

  exchange(
    "WIRE-18 in a crowded room one hears of oneself, and how many there are",
    [
      ...arrivesWithHello("A"),
      ...arrives("B"),
      ...arrives("C"),
      ...joins("A", "rust", ["A"]),
      ...joins("B", "rust", ["A", "B"]),
      hears("A", '{"_et":"presence_count","r":"rust","us":2}'),
      ...joins("C", "rust", ["A", "C"]),
      hears("A", '{"_et":"presence_count","r":"rust","us":3}'),
      sends("C", '{"_ct":"send_message","r":"rust","c":"hi"}'),
      ...(["A", "B", "C"] as const).map((who) => hears(who, message("rust", "C", '"hi"', plain("hi", 1)))),
      drops("C"),
      hears("A", '{"_et":"presence_count","r":"rust","us":2}'),
      ...leaves("B", "rust"),
      hears("A", participation("rust", "B", "left")),
    ],
    { ...USUAL, limits: { presenceTellMax: 2 } },
  ),
];
