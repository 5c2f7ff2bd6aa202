/**
 * Whether an engine really answers: one request to Kafka and one to Cassandra, written by hand, so that asking needs no
 * client library. An open port says little: both listen a while before they serve.
 */
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";

const ANSWER_WITHIN_MS = 2000;

/**
 * Resolves when the broker names itself as one of its cluster's brokers, which it does once it serves; rejects otherwise.
 * `login` is for one that asks for TLS and a password: `{ca, user, password}`, the authority as PEM text.
 */
export async function kafkaAnswers(port, login = undefined) {
  const requests = [...(login === undefined ? [] : saslRequests(login)), metadataRequest()];
  const answer = await exchange(port, login, requests, (bytes) => {
    const end = bytes.length < 4 ? undefined : 4 + bytes.readInt32BE(0);
    return end === undefined || bytes.length < end ? undefined : end;
  });
  // Metadata, version 4: the request's number and the throttle time, then the brokers.
  if (answer.readInt32BE(12) < 1) throw new Error("the broker is not part of its cluster yet");
}

/** Resolves when the database has answered a query; rejects otherwise. `login` as for `kafkaAnswers`. */
export async function cassandraAnswers(port, login = undefined) {
  const startup = cqlFrame(1, Buffer.concat([short(1), text("CQL_VERSION"), text("3.0.0")]));
  const query = "SELECT release_version FROM system.local";
  const ask = cqlFrame(7, Buffer.concat([lengthAnd(Buffer.from(query)), short(1), Buffer.from([0])]));
  const proof = login === undefined ? [] : [cqlFrame(15, lengthAnd(plainProof(login)))];
  // The query waits for the answer to the startup: what comes right behind a startup is lost.
  const answer = await exchange(port, login, [startup, ...proof, ask], (bytes) => {
    const end = bytes.length < 9 ? undefined : 9 + bytes.readInt32BE(5);
    return end === undefined || bytes.length < end ? undefined : end;
  });
  if (answer[4] !== 8) throw new Error(`the database refused a query: opcode ${answer[4]}`);
}

/** Kafka: the brokers, and no topics. */
function metadataRequest() {
  return kafkaRequest(3, 4, Buffer.concat([int(0), Buffer.from([0])]));
}

/** Kafka: who asks, by a password as it stands. */
function saslRequests(login) {
  return [kafkaRequest(17, 1, text("PLAIN")), kafkaRequest(36, 0, lengthAnd(plainProof(login)))];
}

function kafkaRequest(key, version, body) {
  return lengthAnd(Buffer.concat([short(key), short(version), int(1), text("engines"), body]));
}

/** What both take for a proof: the name, and the password as it stands. */
function plainProof({ user, password }) {
  return Buffer.from(`\0${user}\0${password}`);
}

/** CQL, version 4 of its protocol. */
function cqlFrame(opcode, body) {
  return Buffer.concat([Buffer.from([4, 0, 0, 0, opcode]), lengthAnd(body)]);
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

function lengthAnd(bytes) {
  return Buffer.concat([int(bytes.length), bytes]);
}

function text(value) {
  return Buffer.concat([short(value.length), Buffer.from(value)]);
}

/**
 * Sends requests, each after the answer to the one before, and resolves with the last answer. `endOf` says where an
 * answer ends in what has come, once it is whole.
 */
function exchange(port, login, requests, endOf) {
  return new Promise((resolve, reject) => {
    const host = "127.0.0.1";
    const socket = login === undefined ? connect(port, host) : connectTls({ port, host, ca: login.ca });
    let waiting = requests.slice(1);
    let bytes = Buffer.alloc(0);
    const fail = (error) => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(ANSWER_WITHIN_MS, () => fail(new Error("no answer")));
    socket.on("error", fail);
    socket.on("close", () => reject(new Error("closed without an answer")));
    socket.on(login === undefined ? "connect" : "secureConnect", () => socket.write(requests[0]));
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
