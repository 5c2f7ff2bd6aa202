/**
 * The web client's views: tokens, by which programs sign in as oneself.
 */
import { useCallback, useEffect, useState } from "preact/hooks";
import type { NewToken, Token } from "../../sdk/index.ts";
import { errorWords, fullTime } from "../model/words.ts";
import { useApp } from "./context.ts";
import { Field, Form, textIn, useDoing } from "./field.tsx";

const DAY_SECONDS = 24 * 60 * 60;

/** How long a token is good, as it is offered: in days, empty for ever. */
const TERMS = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "a year"],
  ["1", "a day"],
  ["", "until I revoke it"],
] as const;

/** All of one's tokens, and a form for a new one. */
export function Tokens() {
  const { api } = useApp();
  const doing = useDoing();
  const [tokens, setTokens] = useState<readonly Token[] | string>([]);
  const [fresh, setFresh] = useState<NewToken>();
  const load = useCallback(async (): Promise<void> => {
    try {
      setTokens(await api.tokens());
    } catch (error) {
      setTokens(errorWords(error));
    }
  }, [api]);
  useEffect(() => void load(), [load]);
  const create = async (fields: FormData, form: HTMLFormElement): Promise<void> => {
    const days = Number(textIn(fields, "days"));
    const label = textIn(fields, "label").trim();
    setFresh(await api.createToken({ label, ...(days > 0 ? { expiresIn: days * DAY_SECONDS } : {}) }));
    form.reset();
    await load();
  };
  return (
    <section aria-labelledby="tokens-title">
      <h3 id="tokens-title">Tokens</h3>
      <p class="dim">A token signs a program in as you: a bot, a script, the terminal.</p>
      {fresh !== undefined && <Fresh token={fresh} />}
      {typeof tokens === "string" ? (
        <p class="error">{tokens}</p>
      ) : (
        <ul class="tokens">
          {tokens.map((token) => (
            <TokenRow key={token.id} token={token} reload={load} />
          ))}
        </ul>
      )}
      <Form doing={doing} button="Create token" buttonClass="plain edged" submit={create}>
        <div class="pair">
          <Field label="What it is for" name="label" maxLength={64} />
          <div class="field">
            <label for="token-days">Good for</label>
            <select id="token-days" name="days">
              {TERMS.map(([days, words]) => (
                <option key={days} value={days}>
                  {words}
                </option>
              ))}
            </select>
          </div>
        </div>
      </Form>
    </section>
  );
}

/** The one time that a token is told. */
function Fresh({ token }: { readonly token: NewToken }) {
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => {
    navigator.clipboard?.writeText(token.token).then(
      () => setCopied(true),
      () => undefined,
    );
  };
  return (
    <div class="note fresh" role="status">
      <p>
        Your new token <bdi>{token.label}</bdi>. It is shown this once:
      </p>
      <code>{token.token}</code>
      {"clipboard" in navigator && (
        <button type="button" class="plain edged" onClick={copy}>
          {isCopied ? "Copied" : "Copy"}
        </button>
      )}
    </div>
  );
}

function TokenRow({ token, reload }: { readonly token: Token; readonly reload: () => Promise<void> }) {
  const { api } = useApp();
  const doing = useDoing();
  const { id, label, createdAt, expiresAt } = token;
  const revoke = async (): Promise<void> => {
    await api.revokeToken(id);
    await reload();
  };
  return (
    <li>
      <span class="token-text">
        <bdi>{label === "" ? "Without a name" : label}</bdi>
        <span class="dim">Made {fullTime(createdAt)}</span>
        <span class="dim">{expiresAt === undefined ? "Good until revoked" : `Good until ${fullTime(expiresAt)}`}</span>
        {doing.error !== "" && <span class="error">{doing.error}</span>}
      </span>
      <button type="button" class="plain danger" aria-label={`Revoke ${label}`} onClick={() => doing.run(revoke)}>
        Revoke
      </button>
    </li>
  );
}
