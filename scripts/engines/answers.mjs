/**
 * Whether an engine really answers: one request to Kafka and one to Cassandra, written by hand, so that asking needs no
 * client library. An open port says little: both listen a while before they serve.
 */
import { connect } from "node:net";

const ANSWER_WITHIN_MS = 2000;

/** Resolves when the broker names itself as one of its cluster's brokers, which it does once it serves; rejects otherwise. */
export async function kafkaAnswers(port) {
  const answer = await exchange(port, [metadataRequest()], (bytes) => {
    const end = bytes.length < 4 ? undefined : 4 + bytes.readInt32BE(0);
    return end === undefined || bytes.length < end ? undefined : end;
  });
  // Metadata, version 4: the request's number and the throttle time, then the brokers.
  if (answer.readInt32BE(12) < 1) throw new Error("the broker is not part of its cluster yet");
}

/** Resolves when the database has answered a query; rejects otherwise. */
export async function cassandraAnswers(port) {
  const startup = cqlFrame(1, Buffer.concat([short(1), text("CQL_VERSION"), text("3.0.0")]));
  const query = "SELECT release_version FROM system.local";
  const ask = cqlFrame(7, Buffer.concat([int(query.length), Buffer.from(query), short(1), Buffer.from([0])]));
  // The query waits for the answer to the startup: what comes right behind a startup is lost.
  const answer = await exchange(port, [startup, ask], (bytes) => {
    const end = bytes.length < 9 ? undefined : 9 + bytes.readInt32BE(5);
    return end === undefined || bytes.length < end ? undefined : end;
  });
  if (answer[4] !== 8) throw new Error(`the database refused a query: opcode ${answer[4]}`);
}

/** Kafka: the brokers, and no topics. */
function metadataRequest() {
  const clientId = "engines";
  const header = Buffer.concat([short(3), short(4), int(1), short(clientId.length), Buffer.from(clientId)]);
  const body = Buffer.concat([int(0), Buffer.from([0])]);
  return Buffer.concat([int(header.length + body.length), header, body]);
}

/** CQL, version 4 of its protocol. */
function cqlFrame(opcode, body) {
  return Buffer.concat([Buffer.from([4, 0, 0, 0, opcode]), int(body.length), body]);
}

function int(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function short(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function text(value) {
  return Buffer.concat([short(value.length), Buffer.from(value)]);
}

/**
 * Sends requests, each after the answer to the one before, and resolves with the last answer. `endOf` says where an
 * answer ends in what has come, once it is whole.
 */
function exchange(port, requests, endOf) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let waiting = requests.slice(1);
    let bytes = Buffer.alloc(0);
    const fail = (error) => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(ANSWER_WITHIN_MS, () => fail(new Error("no answer")));
    socket.on("error", fail);
    socket.on("close", () => reject(new Error("closed without an answer")));
    socket.on("connect", () => socket.write(requests[0]));
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const end = endOf(bytes);
      if (end === undefined) return;
      const [next, ...rest] = waiting;
      waiting = rest;
      if (next === undefined) {
        socket.destroy();
        resolve(bytes.subarray(0, end));
      } else {
        bytes = bytes.subarray(end);
        socket.write(next);
      }
    });
  });
}
