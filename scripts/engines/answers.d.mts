/**
 * The types of answers.mjs.
 */

/** As whom to ask an engine that is protected. */
export interface EngineLogin {
  /** The authority that signed its certificate, as PEM text. */
  readonly ca: string;
  readonly user: string;
  readonly password: string;
}

export function kafkaAnswers(port: number, login?: EngineLogin): Promise<void>;
export function cassandraAnswers(port: number, login?: EngineLogin): Promise<void>;
