/**
 * Beside stage 3: loads the Kafka client library when it is first needed, so that an embedded server never does. The only
 * file that loads it; the others see its types.
 */
import type * as Kafka from "@platformatic/kafka";

/** The library. */
export type KafkaLibrary = typeof Kafka;

/** Node's later way to make a promise, which the library counts on. */
interface WithResolvers {
  withResolvers?: <T>() => {
    promise: Promise<T>;
    resolve: (value: T | PromiseLike<T>) => void;
    reject: (reason?: unknown) => void;
  };
}

/** Loads the library; Node 20 lacks `Promise.withResolvers`, which must be there before its first line runs. */
export async function loadKafka(): Promise<KafkaLibrary> {
  const promise = Promise as WithResolvers;
  promise.withResolvers ??= <T>() => {
    let resolve!: (value: T | PromiseLike<T>) => void;
    let reject!: (reason?: unknown) => void;
    const made = new Promise<T>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    return { promise: made, resolve, reject };
  };
  return await import("@platformatic/kafka");
}
