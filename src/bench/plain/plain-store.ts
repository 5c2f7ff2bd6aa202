/**
 * Load tool, the plain way's tables: users, chats, members and messages as one writes them down first, a statement for
 * each thing.
 */
import type { Client } from "cassandra-driver";

/** A message as it travels through the topic. */
export interface PlainMessage {
  readonly chat_id: string;
  readonly sender_id: string;
  readonly content: string;
  readonly message_id: string;
}

const TABLES = [
  "CREATE TABLE IF NOT EXISTS users (user_id uuid PRIMARY KEY, username text)",
  "CREATE TABLE IF NOT EXISTS user_names (username text PRIMARY KEY, user_id uuid)",
  "CREATE TABLE IF NOT EXISTS chats (chat_id uuid PRIMARY KEY, name text)",
  "CREATE TABLE IF NOT EXISTS members (chat_id uuid, user_id uuid, PRIMARY KEY (chat_id, user_id))",
  `CREATE TABLE IF NOT EXISTS messages (chat_id uuid, message_id uuid, sender_id uuid, content text, created_at timestamp,
     PRIMARY KEY (chat_id, created_at, message_id)) WITH CLUSTERING ORDER BY (created_at DESC, message_id DESC)`,
];

/** The tables. */
export class PlainStore {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Makes the tables. */
  async prepare(): Promise<void> {
    for (const table of TABLES) await this.#client.execute(table, [], { prepare: false });
  }

  async addUser(id: string, username: string): Promise<void> {
    await this.#client.execute("INSERT INTO users (user_id, username) VALUES (?, ?)", [id, username]);
    await this.#client.execute("INSERT INTO user_names (username, user_id) VALUES (?, ?)", [username, id]);
  }

  async userNamed(username: string): Promise<string | undefined> {
    const found = await this.#client.execute("SELECT user_id FROM user_names WHERE username = ?", [username]);
    return found.first()?.get("user_id")?.toString();
  }

  async addChat(id: string, name: string, members: readonly string[]): Promise<void> {
    await this.#client.execute("INSERT INTO chats (chat_id, name) VALUES (?, ?)", [id, name]);
    for (const member of members) {
      await this.#client.execute("INSERT INTO members (chat_id, user_id) VALUES (?, ?)", [id, member]);
    }
  }

  async members(chat: string): Promise<readonly string[]> {
    const found = await this.#client.execute("SELECT user_id FROM members WHERE chat_id = ?", [chat]);
    return found.rows.map((row) => String(row.get("user_id")));
  }

  async addMessage({ chat_id, message_id, sender_id, content }: PlainMessage): Promise<void> {
    const insert = "INSERT INTO messages (chat_id, message_id, sender_id, content, created_at) VALUES (?, ?, ?, ?, ?)";
    await this.#client.execute(insert, [chat_id, message_id, sender_id, content, new Date()]);
  }

  /** The newest messages, newest first. */
  async newest(chat: string, limit: number): Promise<readonly PlainMessage[]> {
    const page = "SELECT chat_id, sender_id, content, message_id FROM messages WHERE chat_id = ? LIMIT ?";
    const found = await this.#client.execute(page, [chat, limit]);
    return found.rows.map((row) => ({
      chat_id: chat,
      sender_id: String(row.get("sender_id")),
      content: String(row.get("content")),
      message_id: String(row.get("message_id")),
    }));
  }

  async close(): Promise<void> {
    await this.#client.shutdown();
  }
}
