/**
 * The tables of the directory in CQL. Pure.
 *
 * | table | file | written |
 * |---|---|---|
 * | `accounts`, `account_list` | cql-accounts.ts | on conditions; plainly, never removed |
 * | `names` | cql-names.ts | on conditions |
 * | `guests` | cql-guests.ts | on conditions |
 * | `sign_ins`, `api_tokens`, `invites` | cql-credentials.ts | on conditions |
 * | `sign_ins_by_user`, `api_tokens_by_user` | cql-credentials.ts | plainly |
 * | `bans` | cql-rooms.ts | on conditions |
 * | `read_markers` | cql-rooms.ts | plainly, with the seq as the time of the write |
 * | `facts` | cql-facts.ts | on conditions |
 */
import type { Migration } from "../cql/migrations.ts";

/** The tables that `openCqlDirectory` and `cql-facts.ts` need, beside those of the store. */
export const CQL_DIRECTORY_MIGRATIONS: readonly Migration[] = [
  {
    number: 101,
    name: "accounts, guests and what they sign in with; bans, read markers; what nodes agree on",
    statements: [
      "CREATE TABLE IF NOT EXISTS facts (name text PRIMARY KEY, value text)",
      "CREATE TABLE IF NOT EXISTS names (name_key text PRIMARY KEY, value text)",
      "CREATE TABLE IF NOT EXISTS accounts (id text PRIMARY KEY, value text)",
      "CREATE TABLE IF NOT EXISTS account_list (shelf text, name_key text, id text, PRIMARY KEY (shelf, name_key, id))",
      "CREATE TABLE IF NOT EXISTS guests (session_hash text PRIMARY KEY, value text)",
      "CREATE TABLE IF NOT EXISTS sign_ins (hash text PRIMARY KEY, value text)",
      "CREATE TABLE IF NOT EXISTS sign_ins_by_user (user text, hash text, PRIMARY KEY (user, hash))",
      "CREATE TABLE IF NOT EXISTS api_tokens (hash text PRIMARY KEY, value text)",
      "CREATE TABLE IF NOT EXISTS api_tokens_by_user (user text, id text, hash text, PRIMARY KEY (user, id))",
      "CREATE TABLE IF NOT EXISTS invites (hash text PRIMARY KEY, value text)",
      `CREATE TABLE IF NOT EXISTS bans (
         shelf text, room text, type text, subject text, value text, PRIMARY KEY (shelf, room, type, subject))`,
      `CREATE TABLE IF NOT EXISTS read_markers (
         user text, room text, seq bigint, n bigint, PRIMARY KEY (user, room))`,
    ],
  },
];
