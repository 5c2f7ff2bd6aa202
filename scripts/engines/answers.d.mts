/**
 * The types of answers.mjs.
 */
export function kafkaAnswers(port: number): Promise<void>;
export function cassandraAnswers(port: number): Promise<void>;
