/**
 * Beside stage 3: connections to the brokers of one cluster. Knows how to reach a broker and which version of each call
 * it speaks; what is said stands in the files beside this one. Touches the network through the library's connections.
 */
import type { Base, Connection, Reader, Writer } from "@platformatic/kafka";
import { type KafkaLibrary, loadKafka } from "./library.ts";

/** Where a broker listens. */
export interface Broker {
  readonly host: string;
  readonly port: number;
}

/** How to reach a cluster. */
export interface KafkaOptions {
  /** Some of its brokers, one at least; they name the others. */
  readonly brokers: readonly Broker[];
  /** `ca` is PEM text; without it the machine's own authorities count. */
  readonly tls: { readonly ca: string | undefined } | undefined;
  readonly sasl:
    | {
        readonly mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
        readonly user: string;
        readonly password: string;
      }
    | undefined;
}

/** No connection could be made: nothing was sent. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

/** A call of the protocol, in the version that both sides speak. */
export interface Call {
  readonly key: number;
  readonly version: number;
  /** Whether the version has the flexible layout. */
  readonly isFlexible: boolean;
}

/** What the library's connections hand to whoever reads an answer. */
type RawAnswer = [correlationId: number, key: number, version: number, reader: Reader];

/** The library's module for one version of a call. */
interface CallModule {
  readonly api: { readonly key: number };
  readonly createRequest: (...args: unknown[]) => Writer;
  readonly parseResponse: (...answer: RawAnswer) => unknown;
}

/** A call that both sides speak, and the library's layout of it. */
interface FoundCall extends Omit<CallModule, "api"> {
  readonly call: Call;
}

/** The calls that are made, and the version from which each is flexible. */
const FLEXIBLE_FROM = {
  Produce: 9,
  Fetch: 12,
  ListOffsets: 6,
  Metadata: 9,
  InitProducerId: 2,
  CreateTopics: 5,
  DeleteRecords: 2,
  DescribeConfigs: 4,
} as const;

/** A call that is made. */
export type CallName = keyof typeof FLEXIBLE_FROM;

const CONNECT_WITHIN_MS = 5_000;

/** What went wrong, in one line, with the causes that the library wraps. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map(reason))].join("; ");
  return error.cause === undefined ? error.message : `${error.message} (${reason(error.cause)})`;
}

/** Connections of one purpose: a broker answers what comes over one connection in turn, so a long wait has its own. */
export class KafkaClient {
  readonly library: KafkaLibrary;
  readonly #base: Base;
  readonly #bootstrap: readonly Broker[];
  /** Brokers that metadata named, asked too when those of the options don't answer. */
  #known: readonly Broker[] = [];
  #first = 0;
  #versions: Map<string, { readonly min: number; readonly max: number }> | undefined;
  readonly #calls = new Map<CallName, FoundCall>();

  constructor(library: KafkaLibrary, options: KafkaOptions, name: string, requestMsMax: number) {
    const { brokers, tls, sasl } = options;
    this.library = library;
    this.#bootstrap = brokers;
    this.#base = new library.Base({
      clientId: `verbatim-${name}`,
      bootstrapBrokers: brokers.map(({ host, port }) => ({ host, port })),
      connectTimeout: CONNECT_WITHIN_MS,
      retries: 0,
      maxInflights: 100,
      requestTimeout: requestMsMax,
      ...(tls === undefined ? {} : { tls: tls.ca === undefined ? {} : { ca: tls.ca } }),
      // A certificate is for a name; an address is not allowed where a name is asked for.
      ...(tls !== undefined && brokers.every(({ host }) => /[a-z]/i.test(host) && !host.includes(":"))
        ? { tlsServerName: true }
        : {}),
      ...(sasl === undefined
        ? {}
        : { sasl: { mechanism: sasl.mechanism, username: sasl.user, password: sasl.password } }),
    });
    // An `error` that nobody listens to would end the process.
    this.#base.connections.on("connecting" as "connect", ({ connection }) => connection.on("error", () => undefined));
  }

  /**
   * Makes a call as the library lays it out, to any broker where none is named. An answer that carries errors is given as it
   * is: look at its codes. Throws an `UnreachableError` where nothing was sent; any other error leaves that open.
   */
  async ask<T>(broker: Broker | undefined, name: CallName, ...args: readonly unknown[]): Promise<T> {
    const found = await this.#find(name);
    const request = (): Writer => found.createRequest(...args);
    return await this.#exchange(
      broker ?? (await this.#anyBroker()),
      found,
      request,
      (got) => this.#parse(found, got) as T,
    );
  }

  /** The same with a request that the caller laid out. */
  async write<T>(broker: Broker, name: CallName, request: (call: Call) => Buffer): Promise<T> {
    const found = await this.#find(name);
    const { Writer: LibraryWriter } = this.library;
    const bytes = (): Writer => LibraryWriter.create().append(request(found.call));
    return await this.#exchange(broker, found, bytes, (got) => this.#parse(found, got) as T);
  }

  /** The same with an answer that the caller takes apart: `parse` gets its bytes from the first field on. */
  async read<T>(
    broker: Broker,
    name: CallName,
    parse: (call: Call, bytes: Buffer) => T,
    args: (call: Call) => readonly unknown[],
  ): Promise<T> {
    const found = await this.#find(name);
    const request = (): Writer => found.createRequest(...args(found.call));
    return await this.#exchange(broker, found, request, ([, , , reader]) => {
      const { buffer, position } = reader;
      return parse(found.call, buffer.slice(position));
    });
  }

  /** Takes note of brokers, to be asked when those of the options are gone. */
  know(brokers: readonly Broker[]): void {
    this.#known = brokers;
  }

  /** Cuts the connection to a broker that does not answer; whatever waits there fails. */
  cut(broker: Broker): void {
    this.#base.connections.getEstablishedConnection(broker)?.socket?.destroy();
  }

  async close(): Promise<void> {
    // The library waits for what is still to be written; a broker that hangs would be waited for too.
    for (const [, connection] of this.#base.connections) connection.socket?.destroy();
    await this.#base.close();
  }

  async #connect(broker: Broker): Promise<Connection> {
    const pool = this.#base.connections;
    const made = pool.getEstablishedConnection(broker);
    if (made?.isConnected()) return made;
    try {
      return await pool.get({ host: broker.host, port: broker.port });
    } catch (error) {
      throw new UnreachableError(`${broker.host}:${broker.port} can't be reached: ${reason(error)}`, { cause: error });
    }
  }

  /** A broker that can be connected to; each failure makes another one the first to be tried. */
  async #anyBroker(): Promise<Broker> {
    const named = [...this.#bootstrap, ...this.#known];
    const errors: unknown[] = [];
    for (let tried = 0; tried < named.length; tried += 1) {
      const broker = named[this.#first % named.length] as Broker;
      try {
        await this.#connect(broker);
        return broker;
      } catch (error) {
        errors.push(error);
        this.#first += 1;
      }
    }
    const reasons = [...new Set(errors.map(reason))].join("; ");
    throw new UnreachableError(reasons, { cause: new AggregateError(errors, reasons) });
  }

  async #exchange<T>(
    broker: Broker,
    { call }: FoundCall,
    request: () => Writer,
    parse: (answer: RawAnswer) => T,
  ): Promise<T> {
    const { key, version, isFlexible } = call;
    const connection = await this.#connect(broker);
    return await new Promise<T>((resolve, reject) => {
      const done = (error: Error | null, answer?: T): void => {
        if (error === null || error === undefined) resolve(answer as T);
        else reject(error);
      };
      connection.send<T>(key, version, request, (...answer) => parse(answer), isFlexible, isFlexible, done);
    });
  }

  /** The library's reading of an answer, which it wraps into an error where one of its codes says so. */
  #parse(found: FoundCall, answer: RawAnswer): unknown {
    try {
      return found.parseResponse(...answer);
    } catch (error) {
      const response = (error as { readonly response?: unknown }).response;
      if (response === undefined) throw error;
      return response;
    }
  }

  async #find(name: CallName): Promise<FoundCall> {
    const known = this.#calls.get(name);
    if (known !== undefined) return known;
    this.#versions ??= await this.#askVersions();
    const spoken = this.#versions.get(name);
    if (spoken === undefined) throw new Error(`the broker does not know the call ${name}`);
    const modules = this.library as unknown as Record<string, CallModule | undefined>;
    for (let version = spoken.max; version >= spoken.min; version -= 1) {
      const module = modules[`${name.charAt(0).toLowerCase()}${name.slice(1)}V${version}`];
      if (module === undefined) continue;
      const { createRequest, parseResponse } = module;
      const call = { key: module.api.key, version, isFlexible: version >= FLEXIBLE_FROM[name] };
      const found = { call, createRequest, parseResponse };
      this.#calls.set(name, found);
      return found;
    }
    throw new Error(`there is no version of ${name} that the broker and this program both speak`);
  }

  async #askVersions(): Promise<Map<string, { readonly min: number; readonly max: number }>> {
    try {
      const apis = await this.#base.listApis();
      return new Map(apis.map(({ name, minVersion, maxVersion }) => [name, { min: minVersion, max: maxVersion }]));
    } catch (error) {
      throw new UnreachableError(reason(error), { cause: error });
    }
  }
}

/** Opens connections for one purpose, whose calls are answered within `requestMsMax`. Connects when first asked. */
export async function openKafkaClient(options: KafkaOptions, name: string, requestMsMax: number): Promise<KafkaClient> {
  return new KafkaClient(await loadKafka(), options, name, requestMsMax);
}
