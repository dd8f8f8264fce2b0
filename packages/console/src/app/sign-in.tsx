/** In charge of signing in: with a username and password, or an API key. `postern open` needs neither. */
import type { ErrorBody } from "@postern/sdk/protocol";
import { useState } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/field.tsx";
import { Problem } from "../ui/states.tsx";
import { problemOf } from "./api.ts";
import { signIn } from "./session.ts";

type Way = "password" | "key";

export function SignIn({ linkFailure }: { linkFailure: unknown }) {
  const [way, setWay] = useState<Way>("key");
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const [apiKey, setApiKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ErrorBody | undefined>(
    linkFailure ? problemOf(linkFailure) : undefined,
  );
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await signIn(way === "key" ? { api_key: apiKey.trim() } : { username, password });
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <div class="sign-in-arch" aria-hidden="true" />
      <form class="sign-in-box" onSubmit={(event) => void submit(event)}>
        <h1>Postern</h1>
        <p class="muted">Your databases, backups and their state on this machine.</p>
        <fieldset class="tabs" aria-label="Way to sign in">
          <Button kind="quiet" aria-pressed={way === "key"} onClick={() => setWay("key")}>
            API key
          </Button>
          <Button kind="quiet" aria-pressed={way === "password"} onClick={() => setWay("password")}>
            Password
          </Button>
        </fieldset>
        {way === "key" ? (
          <TextField
            key="key"
            label="API key"
            type="password"
            value={apiKey}
            onInput={setApiKey}
            placeholder="pk_…"
            autoComplete="off"
            required
            mono
          />
        ) : (
          <>
            <TextField
              key="username"
              label="Username"
              value={username}
              onInput={setUsername}
              autoComplete="username"
              required
            />
            <TextField
              key="password"
              label="Password"
              type="password"
              value={password}
              onInput={setPassword}
              autoComplete="current-password"
              required
            />
          </>
        )}
        {problem && <Problem problem={problem} />}
        <Button type="submit" kind="primary" busy={busy}>
          Sign in
        </Button>
        <p class="sign-in-hint muted small">
          On the machine itself, <code>postern open</code> brings you here signed in.
        </p>
      </form>
    </main>
  );
}
