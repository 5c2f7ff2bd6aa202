/**
 * The golden exchanges of errors: what earns each, the line that tells it, and what happens afterwards. `slow` has none:
 * it takes a client that reads nothing.
 */
import {
  ackOf,
  arrives,
  arrivesWithHello,
  connects,
  drops,
  type GoldenExchange,
  type GoldenServer,
  type GoldenStep,
  type GoldenWho,
  hears,
  isClosed,
  joins,
  message,
  sends,
  sendsPiece,
  USUAL,
} from "./golden-step.ts";

const exchange = (name: string, steps: readonly GoldenStep[], server: GoldenServer = USUAL): GoldenExchange => ({
  name,
  asItIs: false,
  server,
  steps,
});

const limited = (limits: Readonly<Record<string, number>>): GoldenServer => ({ ...USUAL, limits });

/** `who` sends a line and is told what is wrong with it; `more` is what follows the text in the error. */
const wrong = (who: GoldenWho, line: string, code: string, text: string, more = ""): readonly GoldenStep[] => [
  sends(who, line),
  hears(who, `{"_et":"error","code":"${code}","m":"${text}"${more}}`),
];

const FROM_1 = "must be a whole number from 1 to 9007199254740991";
const FROM_0 = "must be a whole number from 0 to 9007199254740991";

/** Lines with a field that is wrong, and what is said about it. */
const BAD_FIELDS: readonly (readonly [line: string, text: string, more: string])[] = [
  ["{}", "_ct names the command and must be a string", ""],
  ['{"_ct":7,"r":"rust","k":"k"}', "_ct names the command and must be a string", ',"r":"rust","k":"k"'],
  ['{"_ct":"join_room"}', "r names the room and must be a string", ""],
  ['{"_ct":"join_room","r":""}', "r must have 1 to 64 characters", ""],
  ['{"_ct":"join_room","r":"rust","after":-1}', `after ${FROM_0}`, ',"r":"rust"'],
  ['{"_ct":"join_room","r":"rust","last":1.5}', `last ${FROM_0}`, ',"r":"rust"'],
  ['{"_ct":"join_room","r":"rust","after":1,"last":1}', "after and last exclude each other", ',"r":"rust"'],
  ['{"_ct":"join_room","r":"rust","after":1}', "after lies beyond the newest record, which is 0", ',"r":"rust"'],
  ['{"_ct":"send_message","r":"rust"}', "c is the text and must be a string", ',"r":"rust"'],
  [
    '{"_ct":"send_message","r":"rust","c":"\\ud800"}',
    "c has half of a surrogate pair, which is no text",
    ',"r":"rust"',
  ],
  ['{"_ct":"send_message","r":"rust","c":"x","k":""}', "k must have 1 to 64 characters", ',"r":"rust"'],
  ['{"_ct":"history","r":"rust","limit":0}', `limit ${FROM_1}`, ',"r":"rust"'],
  ['{"_ct":"history","r":"rust","before":1,"after":1}', "before and after exclude each other", ',"r":"rust"'],
  ['{"_ct":"hello","v":"1"}', `v ${FROM_1}`, ""],
  ['{"_ct":"hello","v":1,"s":["x"]}', "s must be a string", ""],
];

const numbered = (seq: number): string => message("rust", "A", `"${seq}"`, { name: `m${seq}`, seq, key: undefined });

/** The exchanges. */
export const ERRORS: readonly GoldenExchange[] = [
  exchange("CMD-3 WIRE-7 each wrong field is named", [
    ...arrives("A"),
    ...BAD_FIELDS.flatMap(([line, text, more]) => wrong("A", line, "bad_field", text, more)),
    ...joins("A", "rust", ["A"]),
  ]),

  exchange("CMD-3 WIRE-7 bytes that are not UTF-8 are answered, and the next line is read", [
    ...arrives("A"),
    { type: "send bytes", who: "A", bytes: [0x22, 0xc3, 0x28, 0x22, 0x0a] },
    hears("A", '{"_et":"error","code":"bad_utf8","m":"the line is not UTF-8"}'),
    ...joins("A", "rust", ["A"]),
  ]),

  exchange("WIRE-11 hello comes before the first join_room, and a token has to be a good one", [
    ...arrives("A"),
    ...wrong(
      "A",
      '{"_ct":"hello","v":1,"t":"secret"}',
      "unauthorized",
      "what you were signed in with is not valid here; sign in again",
    ),
    ...joins("A", "rust", ["A"]),
    ...wrong("A", '{"_ct":"hello","v":1}', "hello_too_late", "hello comes before the first join_room"),
  ]),

  exchange(
    "WIRE-7 WIRE-21 a text that is too long",
    [
      ...arrives("A"),
      ...joins("A", "rust", ["A"]),
      ...wrong(
        "A",
        '{"_ct":"send_message","r":"rust","c":"1234567é","k":"k"}',
        "message_too_long",
        "a message has 8 bytes of UTF-8 at most; this one has 9",
        ',"r":"rust","k":"k"',
      ),
    ],
    limited({ messageBytesMax: 8 }),
  ),

  exchange(
    "WIRE-21 more rooms than one session may follow",
    [
      ...arrives("A"),
      ...joins("A", "rust", ["A"]),
      ...wrong(
        "A",
        '{"_ct":"join_room","r":"general"}',
        "too_many_rooms",
        "a session follows 1 rooms at most",
        ',"r":"general"',
      ),
    ],
    limited({ roomsPerSessionMax: 1 }),
  ),

  exchange(
    "WIRE-21 more messages than one user may send",
    [
      ...arrives("A"),
      ...joins("A", "rust", ["A"]),
      sends("A", '{"_ct":"send_message","r":"rust","c":"1"}\n{"_ct":"send_message","r":"rust","c":"2","k":"k"}'),
      hears("A", '{"_et":"error","code":"too_fast","m":"1 messages a second at most","r":"rust","k":"k"}'),
      hears("A", numbered(1)),
    ],
    limited({ messagesPerSecond: 1, messagesBurst: 1 }),
  ),

  exchange(
    "WIRE-8 WIRE-21 a line that is too long closes the connection",
    [
      ...arrives("A"),
      sendsPiece("A", `"${"x".repeat(64)}`),
      hears(
        "A",
        '{"_et":"error","code":"line_too_long","m":"the line is too long; what follows it can\'t be told apart"}',
      ),
      isClosed("A"),
    ],
    limited({ lineBytesMax: 63 }),
  ),

  exchange("WIRE-9 a browser's request closes the connection", [
    ...arrives("A"),
    sendsPiece("A", 'POST / HTTP/1.1\r\nHost: localhost\r\n\r\n{"_ct":"join_room","r":"rust"}\n'),
    hears("A", '{"_et":"error","code":"not_a_browser","m":"this port does not speak HTTP"}'),
    isClosed("A"),
  ]),

  exchange(
    "WIRE-20 WIRE-21 a server that is full refuses the next connection",
    [
      ...arrives("A"),
      connects("B"),
      hears("B", '{"_et":"error","code":"too_many_sessions","m":"this server is full; try again later"}'),
      isClosed("B"),
      ...joins("A", "rust", ["A"]),
    ],
    limited({ sessionsMax: 1 }),
  ),

  exchange("STOP-1 a server that stops says so", [
    ...arrives("A"),
    { type: "restart" },
    hears("A", '{"_et":"error","code":"going_away","m":"the server is stopping; come back and resume"}'),
    isClosed("A"),
  ]),

  ...(["not_sent", "unknown"] as const).map((failure) =>
    exchange(
      `CMD-5 a message that could not be made durable is answered ${failure}, and may be sent again`,
      [
        ...arrivesWithHello("A"),
        ...joins("A", "rust", ["A"]),
        ...wrong(
          "A",
          '{"_ct":"send_message","r":"rust","c":"again","k":"k"}',
          failure,
          failure === "not_sent"
            ? "the message could not be written and will never appear; try again"
            : "the message may or may not appear; a retry with the same key is safe",
          ',"r":"rust","k":"k"',
        ),
        sends("A", '{"_ct":"send_message","r":"rust","c":"again","k":"k"}'),
        hears("A", ackOf("k", "again", 1)),
        hears("A", message("rust", "A", '"again"', { name: "again", seq: 1, key: "k" })),
      ],
      { ...USUAL, fault: `first append ${failure}` },
    ),
  ),

  exchange(
    "LOG-5 WIRE-21 more than may wait to be written is refused at once",
    [
      ...arrives("A"),
      ...joins("A", "rust", ["A"]),
      ...wrong(
        "A",
        `{"_ct":"send_message","r":"rust","c":"${"x".repeat(2000)}"}`,
        "overloaded",
        "too much is waiting to be written; the message will never appear; try again after 1 s",
        ',"r":"rust"',
      ),
      sends("A", '{"_ct":"send_message","r":"rust","c":"1"}'),
      hears("A", numbered(1)),
    ],
    limited({ appendQueueBytesMax: 1000 }),
  ),

  exchange(
    "CMD-2 what can't be read right now is answered unavailable",
    [
      ...arrives("A"),
      ...joins("A", "rust", ["A"]),
      sends("A", '{"_ct":"send_message","r":"rust","c":"1"}'),
      hears("A", numbered(1)),
      ...wrong(
        "A",
        '{"_ct":"history","r":"rust"}',
        "unavailable",
        "the store can't be read right now; try again",
        ',"r":"rust"',
      ),
      drops("A"),
    ],
    { ...USUAL, limits: { recentBytesMax: 1 }, fault: "store unreadable" },
  ),
];
