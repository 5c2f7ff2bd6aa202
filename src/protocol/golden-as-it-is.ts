/**
 * The golden exchanges of the wire as it always was: every server that speaks it passes these, with what was added
 * since or without.
 */
import {
  arrives,
  drops,
  type GoldenExchange,
  type GoldenStep,
  type GoldenWho,
  hears,
  hearsAdded,
  isClosed,
  joins,
  message,
  participation,
  sends,
  sendsPiece,
  USUAL,
} from "./golden-step.ts";

const exchange = (name: string, steps: readonly GoldenStep[]): GoldenExchange => ({
  name,
  asItIs: true,
  server: USUAL,
  steps,
});

/** `who` sends a line that has no effect; what it hears of that was added. */
const inVain = (who: GoldenWho, line: string, error: string): readonly GoldenStep[] => [
  sends(who, line),
  hearsAdded(who, error),
];

const NOT_JSON = '{"_et":"error","code":"bad_json","m":"the line is not JSON"}';
const plain = (name: string, seq: number) => ({ name, seq, key: undefined });

/** Texts, each as a client may write it and as everybody hears it. */
const TEXTS: readonly (readonly [sent: string, heard: string])[] = [
  ['""', '""'],
  ['"\\u00e9\\/\\u0041"', '"é/A"'],
  [
    '"tab\\t newline\\n return\\r quote\\" backslash\\\\ nul\\u0000 escape\\u001b"',
    '"tab\\t newline\\n return\\r quote\\" backslash\\\\ nul\\u0000 escape\\u001b"',
  ],
  ['"\\ud83d\\ude00 😀 e\\u0301 \u2028 \u202e \ufeff \uffff"', '"😀 😀 e\u0301 \u2028 \u202e \ufeff \uffff"'],
  ['" {\\"_et\\":\\"user_message\\"}\\r\\n "', '" {\\"_et\\":\\"user_message\\"}\\r\\n "'],
  ['"\x7f"', '"\x7f"'],
];

/** The exchanges. */
export const AS_IT_IS: readonly GoldenExchange[] = [
  exchange("WIRE-2 WIRE-3 WIRE-4 WIRE-5 WIRE-6 two people talk, leave and quit", [
    ...arrives("A"),
    ...arrives("B"),
    ...joins("A", "rust", ["A"]),
    ...joins("B", "rust", ["A", "B"]),
    hears("A", participation("rust", "B", "joined")),
    sends("A", '{"_ct":"send_message","r":"rust","c":"héllo \\"q\\""}'),
    hears("A", message("rust", "A", '"héllo \\"q\\""', plain("first", 1))),
    hears("B", message("rust", "A", '"héllo \\"q\\""', plain("first", 1))),
    ...inVain("A", "not json", NOT_JSON),
    ...inVain(
      "A",
      '{"_ct":"leave_room","r":"general"}',
      '{"_et":"error","code":"not_joined","m":"you are not in this room","r":"general"}',
    ),
    sends("A", '{"_ct":"join_room","r":"general"}\n{"_ct":"send_message","r":"general","c":"two in one packet"}'),
    hears("A", '{"_et":"user_joined_room","r":"general","us":["‹A.name›"]}'),
    hears("A", participation("general", "A", "joined")),
    hears("A", message("general", "A", '"two in one packet"', plain("second", 1))),
    sends("B", '{"_ct":"leave_room","r":"rust"}'),
    hears("B", participation("rust", "B", "left")),
    hears("A", participation("rust", "B", "left")),
    sends("B", '{"_ct":"quit"}'),
    isClosed("B"),
  ]),

  exchange("WIRE-3 WIRE-4 joiners stand in the order of joining, also after a change of mind", [
    ...arrives("A"),
    ...arrives("B"),
    ...arrives("C"),
    ...joins("A", "rust", ["A"]),
    ...joins("B", "rust", ["A", "B"]),
    hears("A", participation("rust", "B", "joined")),
    sends("A", '{"_ct":"leave_room","r":"rust"}'),
    hears("A", participation("rust", "A", "left")),
    hears("B", participation("rust", "A", "left")),
    ...joins("A", "rust", ["B", "A"]),
    hears("B", participation("rust", "A", "joined")),
    ...joins("C", "rust", ["B", "A", "C"]),
    hears("A", participation("rust", "C", "joined")),
    hears("B", participation("rust", "C", "joined")),
  ]),

  exchange("WIRE-4 the rooms of a connection that drops hear it leave", [
    ...arrives("A"),
    ...arrives("B"),
    ...joins("A", "general", ["A"]),
    ...joins("A", "rust", ["A"]),
    ...joins("B", "general", ["A", "B"]),
    hears("A", participation("general", "B", "joined")),
    ...joins("B", "rust", ["A", "B"]),
    hears("A", participation("rust", "B", "joined")),
    drops("B"),
    hears("A", participation("general", "B", "left")),
    hears("A", participation("rust", "B", "left")),
  ]),

  exchange("WIRE-4 WIRE-6 quit leaves all rooms and closes", [
    ...arrives("A"),
    ...arrives("B"),
    ...joins("A", "general", ["A"]),
    ...joins("A", "rust", ["A"]),
    ...joins("B", "general", ["A", "B"]),
    hears("A", participation("general", "B", "joined")),
    ...joins("B", "rust", ["A", "B"]),
    hears("A", participation("rust", "B", "joined")),
    sends("B", '{"_ct":"quit"}'),
    isClosed("B", [participation("general", "B", "left"), participation("rust", "B", "left")]),
    hears("A", participation("general", "B", "left")),
    hears("A", participation("rust", "B", "left")),
  ]),

  exchange("WIRE-5 a text comes back as it was sent, whatever is in it", [
    ...arrives("A"),
    ...arrives("B"),
    ...joins("A", "rust", ["A"]),
    ...joins("B", "rust", ["A", "B"]),
    hears("A", participation("rust", "B", "joined")),
    ...TEXTS.flatMap(([sent, heard], index) => {
      const line = message("rust", "A", heard, plain(`text ${index + 1}`, index + 1));
      return [sends("A", `{"_ct":"send_message","r":"rust","c":${sent}}`), hears("A", line), hears("B", line)];
    }),
  ]),

  exchange("WIRE-1 lines end with \\n or \\r\\n, come in pieces, and several at once", [
    ...arrives("A"),
    sendsPiece("A", '{"_ct":"join_room","r":"rust"}\r\n'),
    hears("A", '{"_et":"user_joined_room","r":"rust","us":["‹A.name›"]}'),
    hears("A", participation("rust", "A", "joined")),
    sendsPiece("A", '{"_ct":"send_mess'),
    sendsPiece("A", 'age","r":"rust","c":"one"}\r'),
    sendsPiece("A", '\n{ "c": "two", "r": "rust", "_ct": "send_message", "more": [1] }\n{"_ct":"send_mess'),
    sendsPiece("A", 'age","r":"rust","c":"three"}\n'),
    hears("A", message("rust", "A", '"one"', plain("one", 1))),
    hears("A", message("rust", "A", '"two"', plain("two", 2))),
    hears("A", message("rust", "A", '"three"', plain("three", 3))),
  ]),

  exchange("WIRE-7 what can't be done has no effect, and nobody else hears of it", [
    ...arrives("A"),
    ...arrives("B"),
    ...joins("A", "rust", ["A"]),
    ...inVain(
      "A",
      '{"_ct":"join_room","r":"rust"}',
      '{"_et":"error","code":"already_joined","m":"you are in this room already","r":"rust"}',
    ),
    ...inVain(
      "A",
      '{"_ct":"join_room","r":"no such room"}',
      '{"_et":"error","code":"unknown_room","m":"there is no such room","r":"no such room"}',
    ),
    ...inVain(
      "B",
      '{"_ct":"send_message","r":"rust","c":"from outside"}',
      '{"_et":"error","code":"not_joined","m":"join the room before you speak in it","r":"rust"}',
    ),
    ...inVain("B", "[]", '{"_et":"error","code":"bad_json","m":"the line is not a JSON object"}'),
    ...inVain("B", "", NOT_JSON),
    ...inVain(
      "B",
      '{"_ct":"dance","r":"rust"}',
      '{"_et":"error","code":"unknown_command","m":"there is no command \\"dance\\"","r":"rust"}',
    ),
    sends("A", '{"_ct":"send_message","r":"rust","c":"still here"}'),
    hears("A", message("rust", "A", '"still here"', plain("still", 1))),
  ]),
];
